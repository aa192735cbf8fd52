/** Why a file cannot be taken or shown. `code` has its words under `problem.` in all languages; the file's
 * own content never stands in it. */
export class Unreadable extends Error {
  readonly code: string;

  constructor(code: "invalid_dicom" | "incomplete_body" | "unsupported_object" | "unsupported_media" | "heic_photo" | "unread_here" | "unreadable_picture" | "too_large" | "other_study") {
    super(code);
    this.code = code;
  }
}
