import type { DataStream, ISOFile, Sample } from "mp4box";
import { Unreadable } from "./unreadable";

/** One frame of a clip: grey as the hub sees it, and its colours for the screen. */
export interface ClipFrame { width: number; height: number; gray: Uint8Array; rgb: () => Uint8Array }

/** A coded frame: what the decoder takes, and its place in the order of display, from 1. */
interface Coded { data: Uint8Array; key: boolean; number: number }

const AHEAD = 4; // frames given to the decoder before its answers are awaited
const IDLE_MS = 1000; // a decoder that nobody asks gives its frames back: phones have few of them
const IDENTITY = [65536, 0, 0, 0, 65536, 0, 0, 0, 1073741824];

/** An MP4 or MOV clip, read frame by frame with the browser's own decoder. Ascending order is cheap: what comes next
 * is decoded on from where the last frame was. */
export class Clip {
  readonly count: number;
  /** Whether this browser decodes it; else the case goes to the hub. */
  readonly decodable: boolean;
  private readonly coded: readonly Coded[];
  private readonly config: VideoDecoderConfig;
  private pass: Pass | null = null;
  private idle: ReturnType<typeof setTimeout> | undefined;
  private last: Promise<unknown> = Promise.resolve();

  private constructor(coded: readonly Coded[], config: VideoDecoderConfig, decodable: boolean) {
    [this.coded, this.config, this.decodable, this.count] = [coded, config, decodable, coded.length];
  }

  /** @throws Unreadable: it holds no video. */
  static async open(file: Uint8Array): Promise<Clip> {
    const { coded, config, upright } = await demuxed(file);
    const able = upright && "VideoDecoder" in self && (await VideoDecoder.isConfigSupported(config).catch(() => ({ supported: false }))).supported === true;
    return new Clip(coded, config, able);
  }

  /** Frame `number`, from 1 in the order of display. One at a time: further ones wait. @throws Unreadable. */
  frame(number: number): Promise<ClipFrame> {
    const work = this.last.catch(() => undefined).then(() => this.decoded(number));
    this.last = work;
    return work;
  }

  /** Give the decoder back. */
  private close(): void {
    clearTimeout(this.idle);
    this.pass?.close();
    this.pass = null;
  }

  private async decoded(number: number): Promise<ClipFrame> {
    if (!this.decodable || number < 1 || number > this.count) throw new Unreadable("unread_here");
    clearTimeout(this.idle);
    if (this.pass?.passed(number) ?? true) {
      this.close();
      this.pass = new Pass(this.coded, this.config, number);
    }
    try {
      const frame = await this.pass!.frame(number);
      if (number === this.count) this.close();
      else this.idle = setTimeout(() => this.close(), IDLE_MS);
      return frame;
    } catch (reason) {
      this.close();
      throw reason;
    }
  }
}

/** One run of a decoder, from the key frame before a first wanted frame on. */
class Pass {
  private readonly coded: readonly Coded[];
  private readonly decoder: VideoDecoder;
  private readonly ready = new Map<number, VideoFrame>();
  private next: number;
  private wanted: number;
  private ended = false;
  private fault = false;
  private wake: () => void = () => undefined;

  constructor(coded: readonly Coded[], config: VideoDecoderConfig, first: number) {
    this.coded = coded;
    this.wanted = first;
    const place = coded.findIndex((one) => one.number === first);
    this.next = coded.slice(0, place + 1).findLastIndex((one) => one.key);
    if (this.next < 0) this.next = 0;
    this.decoder = new VideoDecoder({ output: (frame) => this.take(frame), error: () => { this.fault = true; this.wake(); } });
    this.decoder.ondequeue = () => this.wake();
    this.decoder.configure(config);
  }

  /** Whether `number` lies before what this run can still give. */
  passed = (number: number): boolean => this.fault || (number < this.wanted && !this.ready.has(number)) || (this.ended && !this.ready.has(number));

  async frame(number: number): Promise<ClipFrame> {
    this.wanted = number;
    for (const [at, frame] of this.ready) if (at < number) this.drop(at, frame);
    while (!this.ready.has(number)) {
      if (this.fault) throw new Unreadable("unreadable_picture");
      if (this.next < this.coded.length) this.feed();
      else if (!this.ended) {
        this.ended = true;
        await this.decoder.flush().catch(() => { this.fault = true; });
        continue;
      } else throw new Unreadable("unreadable_picture");
      if (this.decoder.decodeQueueSize >= AHEAD) await new Promise<void>((done) => { this.wake = done; });
      else await Promise.resolve();
    }
    const frame = this.ready.get(number)!;
    try {
      return await seen(frame);
    } finally {
      this.drop(number, frame);
      this.wanted = number + 1;
    }
  }

  close(): void {
    for (const [at, frame] of this.ready) this.drop(at, frame);
    if (this.decoder.state !== "closed") this.decoder.close();
  }

  private feed(): void {
    const one = this.coded[this.next++]!;
    this.decoder.decode(new EncodedVideoChunk({ type: one.key ? "key" : "delta", timestamp: one.number, data: one.data }));
  }

  private take(frame: VideoFrame): void {
    if (frame.timestamp < this.wanted) frame.close();
    else this.ready.set(frame.timestamp, frame);
    this.wake();
  }

  private drop(at: number, frame: VideoFrame): void {
    this.ready.delete(at);
    frame.close();
  }
}

/** Grey values by the stream's own luma, in the full range of 0 to 255, which is what the hub has (ITU-R 601 of its RGB
 * is the luma again); of frames that the browser gives as RGB, by the same formula as pictures. */
async function seen(frame: VideoFrame): Promise<ClipFrame> {
  const { width, height } = frame.visibleRect ?? { width: frame.codedWidth, height: frame.codedHeight };
  const canvas = new OffscreenCanvas(width, height), context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(frame, 0, 0);
  const rgb = (): Uint8Array => context.getImageData(0, 0, width, height).data.filter((_, i) => i % 4 !== 3) as unknown as Uint8Array;
  const gray = (await luma(frame, width, height)) ?? grayOf(context.getImageData(0, 0, width, height).data);
  return { width, height, gray, rgb };
}

async function luma(frame: VideoFrame, width: number, height: number): Promise<Uint8Array | null> {
  if (!["I420", "I420A", "I422", "I444", "NV12"].includes(frame.format ?? "")) return null;
  const bytes = new Uint8Array(frame.allocationSize());
  const [plane] = await frame.copyTo(bytes);
  if (!plane) return null;
  const full = frame.colorSpace.fullRange === true, gray = new Uint8Array(width * height);
  const shown = Uint8Array.from({ length: 256 }, (_, y) => (full ? y : Math.min(255, Math.max(0, Math.round(((y - 16) * 255) / 219)))));
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0, at = plane.offset + y * plane.stride; x < width; x++, at++, i++) gray[i] = shown[bytes[at]!]!;
  }
  return gray;
}

function grayOf(data: Uint8ClampedArray): Uint8Array {
  const gray = new Uint8Array(data.length / 4);
  for (let i = 0, j = 0; i < gray.length; i++, j += 4) gray[i] = Math.floor((data[j]! * 299 + data[j + 1]! * 587 + data[j + 2]! * 114 + 500) / 1000);
  return gray;
}

interface Demuxed { coded: Coded[]; config: VideoDecoderConfig; upright: boolean }

/** The coded frames of a file's video, in the order of decoding. @throws Unreadable. */
async function demuxed(file: Uint8Array): Promise<Demuxed> {
  try {
    const mp4 = await import("mp4box"); // a container's parser: loaded when the first clip comes
    return read(file, mp4);
  } catch (reason) { // what the parser throws may quote the file: none of it goes further
    throw reason instanceof Unreadable ? reason : new Unreadable("unreadable_picture");
  }
}

type Mp4 = typeof import("mp4box");

function read(bytes: Uint8Array, mp4: Mp4): Demuxed {
  const file = mp4.createFile();
  let demuxed: Demuxed | null = null;
  file.onReady = (info) => {
    const track = info.videoTracks[0];
    if (!track?.video) return;
    const samples: Sample[] = [];
    file.onSamples = (_id, _user, some) => samples.push(...some);
    file.setExtractionOptions(track.id, null, { nbSamples: Infinity });
    file.start();
    demuxed = {
      coded: inOrder(samples), upright: [...track.matrix].every((v, i) => v === IDENTITY[i]),
      config: { codec: track.codec, codedWidth: track.video.width, codedHeight: track.video.height, description: descriptionOf(file.getTrackById(track.id), mp4) },
    };
  };
  file.appendBuffer(mp4.MP4BoxBuffer.fromArrayBuffer(bytes.slice().buffer, 0));
  file.flush();
  const done = demuxed as Demuxed | null; // it was set in a callback
  if (done === null || done.coded.length === 0) throw new Unreadable("unreadable_picture");
  return done;
}

function inOrder(samples: readonly Sample[]): Coded[] {
  const places = new Map([...samples].sort((a, b) => a.cts - b.cts).map((sample, i) => [sample, i + 1] as const));
  return samples.map((sample) => ({ data: sample.data!, key: sample.is_sync, number: places.get(sample)! }));
}

/** What H.264 and HEVC decoders need beforehand (ISO/IEC 14496-15): the box's content without its header. */
function descriptionOf(track: ReturnType<ISOFile["getTrackById"]>, mp4: Mp4): Uint8Array | undefined {
  for (const entry of track.mdia.minf.stbl.stsd.entries) {
    const { avcC, hvcC } = entry as { avcC?: { write(to: DataStream): void }; hvcC?: { write(to: DataStream): void } };
    const box = avcC ?? hvcC;
    if (!box) continue;
    const stream = new mp4.DataStream(undefined, 0, mp4.Endianness.BIG_ENDIAN);
    box.write(stream);
    return new Uint8Array(stream.buffer, 8, stream.byteLength - 8);
  }
  return undefined;
}
