import type { Report } from "@fada/shared/api/types";
import { openDicom } from "../src/dicom/file";
import { type Details, NO_DETAILS } from "../src/case/details";
import { Unreadable } from "../src/dicom/unreadable";
import { decode } from "../src/reading/image";
import { identify } from "../src/reading/imageFile";
import { type Case, CaseStore, StorageFull } from "../src/store/cases";
import { read as readFact } from "../src/store/database";
import { ReleaseRefused, activeRelease, updateRelease } from "../src/sync/releases";
import { PinMustWait, Vault } from "../src/store/vault";
import { HubClient, HubError, enrol, identity } from "../src/sync/hubClient";
import { isTooLarge, sealCase } from "../src/sync/bundle";
import { carried, carriedWaits, drop, handIn, take } from "../src/sync/carried";
import { givenSettings, isQuiet, takeScanned, takeSettings } from "../src/sync/given";
import { sync } from "../src/sync/sync";
import { sopUid, studyUid } from "../src/case/ids";

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const textOf = (bytes: Uint8Array): string => {
  let text = "";
  for (const b of bytes) text += String.fromCharCode(b);
  return btoa(text);
};
const why = (reason: unknown): string =>
  reason instanceof Unreadable || reason instanceof HubError ? reason.code : reason instanceof StorageFull ? "full" : reason instanceof ReleaseRefused ? reason.message : String(reason);

/** The grey values and colours of frames, as this browser decodes them. */
export async function pixels(file: string, frames: number[]): Promise<unknown> {
  try {
    const dicom = await openDicom(bytesOf(file));
    const pictures = [];
    for (const number of frames) {
      const { gray, rgb, width, height } = await dicom.frame(number);
      pictures.push({ width, height, gray: textOf(gray), rgb: rgb && textOf(rgb) });
    }
    return { count: dicom.count, pictures };
  } catch (reason) {
    return { refused: why(reason) };
  }
}

/** The grey values of a PNG or JPEG. */
export async function gray(file: string): Promise<unknown> {
  const { width, height, pixels: values } = await decode(new Blob([bytesOf(file)]));
  return { width, height, gray: textOf(values) };
}

let vault: Vault | null = null;
const store = async (): Promise<CaseStore> => new CaseStore(vault ??= (await Vault.exists()) ? await Vault.open("246813") : await Vault.create("246813"));
export { enrol };
/** Whether a case of images of so many bytes is more than a hub takes in one file. */
export const tooLargeToCarry = (sizes: number[]): boolean => isTooLarge({ pictures: sizes.map((size) => ({ size })) } as Case);
export const cases = async (): Promise<Case[]> => (await store()).all();
export const remove = async (id: string): Promise<number> => (await store()).delete(id);
export const sweep = async (): Promise<void> => (await store()).sweep();

/** Take files as one case, or into one that is there; its id, or why not. */
export async function capture(files: string[], into = "", urgent = false, said: Details = NO_DETAILS): Promise<string> {
  try {
    const box = await store(), taken = [];
    for (const text of files) {
      const file = new Blob([bytesOf(text)]);
      taken.push({ file, ...(await identify(file)) });
    }
    return into ? ((await box.add(into, taken)) ?? { id: into }).id : (await box.capture(taken, { urgent, details: said })).id;
  } catch (reason) {
    return why(reason);
  }
}

/** A reading without a model: the frames say nothing, but under the names that the hub knows. */
export async function analyse(id: string, scope = 0.01): Promise<void> {
  const box = await store(), record = (await box.get(id))!;
  const frames = [];
  for (const picture of record.pictures) {
    frames.push({
      series_uid: "", sop_uid: await sopUid(id, picture.sha256), frame: 1, width: 10, height: 10, in_scope: false, scope_confidence: scope, quality: 0.5,
      planes: [], plane: null, interpretation: {}, classification: null, mapping: null, structures: [], keypoints: [], measurements: [], datings: [],
      centiles: [], abstentions: [["out_of_scope", "image"]], flags: [],
    });
  }
  const report = {
    study_uid: studyUid(id), origin: "phone", release: { name: "fada-test", version: "1.0.0", sha256: "a".repeat(64) }, created_at: new Date().toISOString(),
    frames, seconds: {}, format: "1.0", reviewed_by: null, reviewed_at: null, comment: "", skipped: [],
  } as unknown as Report;
  await box.analysed(record, report, record.pictures.map(() => [1]));
}

/** What a person says of the woman, changed. */
export const describe = async (id: string, details: Details): Promise<void> => void (await (await store()).describe(id, details));
export const details = async (id: string): Promise<Details> => (await store()).details((await (await store()).get(id))!);
export const setFetus = async (id: string, sop: string, letter: string): Promise<void> => void (await (await store()).setFetus(id, sop, letter));
export const facts = async (id: string): Promise<unknown> => (await store()).facts((await (await store()).get(id))!);
export const comment = async (id: string): Promise<string> => (await store()).comment((await (await store()).get(id))!);
/** As often as reading it begins, until it is left to the hub. */
export async function tryToRead(id: string): Promise<boolean> {
  const begun = await (await store()).startReading(id);
  if (!begun) await (await store()).leaveToHub(id);
  return begun !== null;
}
/** The PIN, and how long the next one has to wait, in ms. */
export async function unlock(pin: string): Promise<string> {
  try {
    await Vault.open(pin);
    return "open";
  } catch (reason) {
    return reason instanceof PinMustWait ? "wait" : "wrong";
  }
}
/** Another PIN; true when what was sealed still opens. */
export async function changePin(pin: string, next: string): Promise<boolean> {
  const sealed = await (await store()).vault.sealText("kept", "pin");
  vault = await Vault.change(pin, next);
  return (await vault.openText(sealed, "pin")) === "kept";
}
/** What the hub gives, or a QR code does. */
export const given = takeSettings;
export const scanned = async (text: string): Promise<boolean> => takeScanned(text, (await identity())!);
export const givenNow = givenSettings;
export const quiet = (from: string, to: string, at: string): boolean => isQuiet({ quiet_from: from, quiet_to: to }, new Date(at));
export const letImagesGo = async (days: number, now: number): Promise<number> => (await store()).letImagesGo(days, now);
/** A sample case. */
export async function practise(file: string): Promise<string> {
  const blob = new Blob([bytesOf(file)]);
  return (await (await store()).capture([{ file: blob, ...(await identify(blob)) }], { urgent: true, training: true })).id;
}
export const attempt = async (id: string): Promise<boolean> => (await (await store()).attempt(id)) !== null;
export const seal = async (id: string): Promise<boolean> => (await sealCase(await store(), (await identity())!, (await (await store()).get(id))!)) !== null;
/** A case as a carrier gets it. */
export async function sealed(id: string): Promise<string> {
  const file = await sealCase(await store(), (await identity())!, (await (await store()).get(id))!);
  return textOf(new Uint8Array(await file!.arrayBuffer()));
}
export const carryAlong = async (file: string): Promise<void> => take(new File([bytesOf(file)], "one.fadacase"));
/** Hands in what is carried; what is still here, and why it waits. */
export async function handInCarried(): Promise<{ left: number; waits: string }> {
  await handIn(new HubClient((await identity())!));
  return { left: (await carried()).filter((one) => one.file !== null).length, waits: await carriedWaits() };
}
/** Why the hub refused what is carried; then lets go of that. */
export async function dropRefused(): Promise<string[]> {
  const refused = (await carried()).filter((one) => one.refused);
  for (const one of refused) await drop(one);
  return refused.map((one) => one.refused);
}
export { handInAnyway } from "../src/sync/carried";
export { setLinkRules, traffic } from "../src/sync/link";
export { hasLittleMemory, isOutOfMemory, threads } from "../src/reading/device";
export { eraseAll as erase } from "../src/store/database";
export { waitLeft } from "../src/store/pinTries";

export const scale = async (id: string, sha256: string, mm: number): Promise<void> => void (await (await store()).revise(id, sha256, { pixelMm: [mm, mm] }));

/** One round of sending; what stopped it, or "". */
export async function send(): Promise<string> {
  try {
    await sync(await store(), new HubClient((await identity())!), () => undefined);
    return "";
  } catch (reason) {
    return why(reason);
  }
}

/** Ask for a newer model; which one is there now, and what was refused. */
export async function release(passes = true): Promise<{ here: string | null; refused: string; tried: number }> {
  const who = (await identity())!;
  let refused = "", tried = 0;
  try {
    await updateRelease(new HubClient(who), who, () => undefined, () => { tried++; return passes ? Promise.resolve() : Promise.reject(new Error("self-test")); });
  } catch (reason) {
    refused = why(reason);
  }
  const now = await activeRelease(who).catch((reason: unknown) => { throw new Error(`the activeRelease one is spoiled: ${why(reason)}`); });
  return { here: (await readFact<{ id: string }>("facts", "release"))?.id ?? null, refused, tried: now ? tried : -tried };
}
