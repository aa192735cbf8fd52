import type { ComponentChildren, JSX } from "preact";
import { useErrorBoundary } from "preact/hooks";
import { t } from "@fada/shared/i18n";

/** A fault of one page says so in its place and leaves the rest usable; the browser's console has the error. */
export function ErrorBoundary({ children }: { children: ComponentChildren }): JSX.Element {
  const [error, retry] = useErrorBoundary((reason: unknown) => reportError(reason));
  if (error === undefined) return <>{children}</>;
  return (
    <main id="main" class="page">
      <p class="bad" role="alert">{t("problem.internal")} <button type="button" onClick={retry}>{t("again")}</button></p>
    </main>
  );
}
