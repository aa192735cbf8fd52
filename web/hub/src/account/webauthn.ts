import { Problem } from "../api/client";

/** What the gateway asks an authenticator, as JSON (WebAuthn Level 3): bytes are base64url. */
export interface Asked { options: Options; ticket: string }

interface Descriptor { id: string; type: "public-key"; transports?: AuthenticatorTransport[] }

interface Options {
  challenge: string;
  user?: { id: string; name: string; displayName: string };
  excludeCredentials?: Descriptor[];
  allowCredentials?: Descriptor[];
}

/** Whether this browser knows passkeys. */
export const hasPasskeys = (): boolean => "PublicKeyCredential" in window;

/** A new passkey, made by the person's authenticator. @throws Problem `passkey_unused`: cancelled, or too late. */
export async function makePasskey({ options }: Asked): Promise<unknown> {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user!, id: bytes(options.user!.id) },
    excludeCredentials: descriptors(options.excludeCredentials),
  } as unknown as PublicKeyCredentialCreationOptions;
  const made = await asked(() => navigator.credentials.create({ publicKey }));
  const answer = made.response as AuthenticatorAttestationResponse;
  return { ...named(made), response: { clientDataJSON: text(answer.clientDataJSON), attestationObject: text(answer.attestationObject) } };
}

/** The answer of a passkey that the person has. @throws Problem `passkey_unused`: cancelled, or too late. */
export async function showPasskey({ options }: Asked): Promise<unknown> {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: descriptors(options.allowCredentials),
  } as unknown as PublicKeyCredentialRequestOptions;
  const shown = await asked(() => navigator.credentials.get({ publicKey }));
  const answer = shown.response as AuthenticatorAssertionResponse;
  return {
    ...named(shown),
    response: {
      clientDataJSON: text(answer.clientDataJSON),
      authenticatorData: text(answer.authenticatorData),
      signature: text(answer.signature),
      userHandle: answer.userHandle && text(answer.userHandle),
    },
  };
}

async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const credential = await ask();
    if (credential) return credential as PublicKeyCredential;
  } catch {
    // the browser says no more than that
  }
  throw new Problem({ title: "", status: 400, detail: "", code: "passkey_unused" });
}

const named = (one: PublicKeyCredential): object => ({ id: one.id, rawId: text(one.rawId), type: one.type, clientExtensionResults: {} });

const descriptors = (given: Descriptor[] = []): PublicKeyCredentialDescriptor[] => given.map((one) => ({ ...one, id: bytes(one.id) }));

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

function text(buffer: ArrayBuffer): string {
  const raw = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(raw).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
