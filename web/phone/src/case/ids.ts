/** A new case's name: UUIDv7. Its time is only for reading; no order depends on the phone's clock. */
export function uuid7(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const now = BigInt(Date.now());
  for (let i = 0; i < 6; i++) bytes[i] = Number((now >> BigInt(40 - 8 * i)) & 255n);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = hexOf(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Bytes in lower-case hexadecimal. */
export const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

/** SHA-256 in lower-case hexadecimal. */
export async function sha256(data: BufferSource): Promise<string> {
  return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", data)));
}

/** The Study Instance UID of a case (services/domain/dicom/values.py). */
export const studyUid = (caseId: string): string => `2.25.${BigInt(`0x${caseId.replaceAll("-", "")}`)}`;

/** The SOP Instance UID of a case's picture, from the SHA-256 of its bytes (services/domain/dicom/values.py). */
export async function sopUid(caseId: string, picture: string): Promise<string> {
  const hash = await sha256(new TextEncoder().encode(`${caseId}:${picture}`));
  return `2.25.${BigInt(`0x${hash.slice(0, 32)}`)}`;
}

/** The Series Instance UID of all of a case's pictures (services/domain/dicom/values.py). */
export const seriesUid = (caseId: string): Promise<string> => sopUid(caseId, "series");

/** When a case was taken, by the phone's clock: it stands in its id. */
export const takenAt = (caseId: string): Date => new Date(Number.parseInt(caseId.replaceAll("-", "").slice(0, 12), 16));
