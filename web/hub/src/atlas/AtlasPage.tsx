import type { JSX } from "preact";
import { Atlas } from "@fada/shared/atlas/Atlas";
import "@fada/shared/style/atlas.css";

/** The atlas as a page of the hub. */
export const AtlasPage = (): JSX.Element => <main id="main" class="page"><Atlas /></main>;
