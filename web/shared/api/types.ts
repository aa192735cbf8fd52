/** What the gateway sends. Coordinates are pixels of the original frame; frames count from 1. */

export type Point = readonly [number, number];
export type Box = readonly [number, number, number, number];

export type Role = "device" | "reader" | "sonographer" | "manager" | "admin";
export type StudyState = "received" | "analysing" | "ready" | "failed" | "reviewed";
export type Reason = "urgent" | "disagreement" | "finding" | "low_confidence";
export type Origin = "hub" | "phone" | "review";
export type AbstentionCode =
  | "out_of_scope" | "too_poor" | "unknown_plane" | "unknown_subplane" | "low_confidence" | "not_calibrated" | "out_of_range";

export interface Me {
  subject: string;
  name?: string;
  site: string;
  role: Role;
  via?: string;
  /** Of people with a password of this hub: whether passkeys are possible, and whether one must be made. */
  account?: { passkeys: boolean; needs_passkey: boolean } | null;
}

export interface StudyRow {
  id: string;
  study_uid: string;
  state: StudyState;
  source: string;
  urgent: boolean;
  score: number;
  reasons: Reason[];
  received_at: string;
  waiting_hours: number;
  instances: number;
  latest_version: number;
  plane: string;
  ga_days: number | null;
  ga_text: string | null;
  patient: { name: string; id: string; birth_date: string };
  accession: string;
  study_date: string;
  description: string;
  error_code: string;
  /** The newest of all versions; after a signature it may be one that came since (`has_new_version`). */
  newest_version?: number;
  has_new_version?: boolean;
  /** What is to be said first; null: nothing. Undefined where the hub does not keep it, as the two below. */
  headline?: Headline | null;
  claim?: { by: string; name: string; since: string } | null;
  withdrawn_at?: string | null;
}

export interface Headline { code: string; measure?: string; centile?: number; fetus?: string }

export interface Page<T> { items: T[]; total: number; total_is_exact: boolean; limit: number; offset: number; cursor: number }

export interface PixelSize { mm_x: number; mm_y: number; source: string }
export interface Region { x0: number; y0: number; x1: number; y1: number; mm_x: number; mm_y: number; source?: PixelSize["source"] }
export interface Calibration { regions: Region[]; spacing: PixelSize | null }

export interface Instance {
  series_uid: string;
  sop_uid: string;
  sop_class: string;
  modality: string;
  rows: number;
  columns: number;
  frames: number;
  sha256: string;
  size: number;
  received_at: string;
  calibration: Calibration | null;
}

export interface Job {
  id: string;
  study_id: string;
  study_uid: string;
  state: "queued" | "leased" | "done" | "dead";
  urgent: boolean;
  attempts: number;
  created_at: string;
  finished_at: string | null;
  error_code: string;
  error_detail: string;
  request_id: string;
}

export interface Study extends StudyRow {
  last_period: string | null;
  instances_list: Instance[];
  /** Frames of which a small copy is here and the image is not; asked for beside the study. */
  previews?: { sop_uid: string; frame: number }[];
  jobs: Job[];
  results: Summary[];
}

export interface ReleaseId { name: string; version: string; sha256: string }
export interface Scores { interpretation?: number; annotation?: number }

export interface Summary {
  id: string;
  version: number;
  origin: Origin;
  author: string;
  author_name?: string;
  created_at: string;
  based_on: number | null;
  release: ReleaseId;
  reviewed_by: string | null;
  reviewed_at: string | null;
  label: string;
  scores: Scores;
}

export interface Scored { label: string; confidence: number }

export interface Structure {
  label: string;
  confidence: number;
  box: Box;
  polygon: Point[];
  mask: string | null;
  area_px: number | null;
}

export interface Keypoint { label: string; x: number; y: number; confidence: number }

export interface Measurement {
  name: string;
  px: number;
  mm: number | null;
  mm_low: number | null;
  mm_high: number | null;
  calibration: string;
  method: string;
  points: Point[];
}

/** Degrees. AoP: the points are the symphysis's two ends and where the tangent touches the head. FemurAngle, 0 to 90 between
 * the shaft and the horizontal of the image: the points are the shaft's two ends. */
export interface Angle { name: string; degrees: number; low: number | null; high: number | null; method: string; points: Point[] }

export interface Dating {
  equation: string;
  measurement: string;
  days: number;
  low_days: number | null;
  high_days: number | null;
  text: string;
}

export interface Centile { chart: string; measurement: string; centile: number; z: number; at_days: number }
export interface Mapping { group: string; structures: string[]; masks: string[]; reason: string }

export interface FrameReading {
  series_uid: string;
  sop_uid: string;
  frame: number;
  width: number;
  height: number;
  in_scope: boolean;
  scope_confidence: number;
  quality: number;
  plane: Scored | null;
  planes: Scored[];
  interpretation: Record<string, string>;
  classification: string | null;
  mapping: Mapping | null;
  structures: Structure[];
  keypoints: Keypoint[];
  measurements: Measurement[];
  datings: Dating[];
  centiles: Centile[];
  abstentions: [AbstentionCode, string][];
  flags: string[];
  subplane?: Scored | null; // missing in reports of before
  angles?: Angle[];
}

export interface Report {
  study_uid: string;
  origin: Origin;
  release: ReleaseId;
  created_at: string;
  frames: FrameReading[];
  seconds: Record<string, number>;
  format: string;
  reviewed_by: string | null;
  reviewed_at: string | null;
  comment: string;
  skipped: [string, string][];
}

export interface Artefact {
  kind: string;
  sha256: string;
  media_type: string;
  size: number;
  sop_uid: string;
  frame: number;
  label: string;
  url: string;
}

export interface Result extends Summary {
  report: Report;
  artefacts: Artefact[];
  stale?: boolean;
}

export interface Disagreement {
  phone_version: number;
  hub_version: number;
  agree: boolean;
  differences: { what: string; phone: unknown; hub: unknown }[];
  phone_release: ReleaseId;
  hub_release: ReleaseId;
}

export interface StructureEdit { label: string; polygon?: Point[]; box?: Box; mask_png?: string }
export interface CaliperEdit { name: string; points: Point[] }

export interface FrameEdit {
  sop_uid: string;
  frame: number;
  plane?: string;
  interpretation?: Record<string, string>;
  structures?: StructureEdit[];
  calipers?: CaliperEdit[];
}

export interface Review {
  based_on: number;
  action: "save" | "accept" | "sign";
  comment: string;
  scores?: Scores;
  last_period: string | null;
  /** Of the printed page that a signature makes. */
  language: string;
  frames: FrameEdit[];
}

export interface ProblemBody {
  type?: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  request_id?: string;
  [extra: string]: unknown;
}

export interface StudyEvent {
  seq: number;
  type: string;
  study_id: string;
  payload: Record<string, unknown>;
  at: string;
}
