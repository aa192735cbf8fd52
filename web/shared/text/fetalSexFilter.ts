/** The last filter: text that tells the fetal sex is never shown (PCPNDT Act, India). The hub withholds it
 * first. Rather one harmless sentence too many than one that tells. */

const LATIN = [
  // English
  "sex", "sexes", "gender", "male", "males", "female", "females", "boy", "boys", "girl", "girls",
  "is a son", "baby son", "daughter", "penis", "penile", "phallus", "phallic", "scrotum",
  "scrotal", "testis", "testes", "testicle", "testicles", "testicular", "vulva", "vulval", "labia", "labial",
  "clitoris", "vagina", "vaginal", "uterine horn", "genital", "genitals", "genitalia", "hamburger sign", "turtle sign",
  "xx", "xy", "46xx", "46xy",
  // French
  "sexe", "garçon", "garçons", "fille", "filles", "fils", "masculin", "masculine", "féminin", "féminine", "mâle",
  "femelle", "pénis", "testicule", "testicules", "organes génitaux", "génital", "génitaux",
  // Portuguese
  "sexo", "menino", "menina", "masculino", "feminino", "feminina", "macho", "fêmea", "filho", "filha", "pênis",
  "testículo", "testículos", "genitália", "genitais",
  // Swahili
  "jinsia", "mvulana", "msichana", "wa kiume", "wa kike", "kiume", "kike", "uume", "uke", "korodani",
];
const DEVANAGARI = [
  "लिंग", "लड़का", "लड़की", "लड़के", "बेटा", "बेटी", "पुत्र", "पुत्री", "नर", "मादा", "पुरुष", "स्त्री", "महिला शिशु", "शिश्न", "अंडकोष",
  "जननांग", "योनि", "बालक", "बालिका",
];
// In a text about the fetus alone; in a person's note they speak of the mother.
const PRONOUNS = ["he", "she", "him", "his", "her", "hers", "himself", "herself"];
const SYMBOLS = /[♀♂⚥🚹🚺👦👧]/u;

const pattern = (words: string[]): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{M}\\p{N}])(?:${words.map((w) => w.replaceAll(" ", "\\s+")).join("|")})(?![\\p{L}\\p{M}\\p{N}])`, "iu");
const WORDS = pattern([...LATIN, ...DEVANAGARI]);
const WITH_PRONOUNS = pattern([...LATIN, ...DEVANAGARI, ...PRONOUNS]);

/** Whether a text tells the fetal sex, or may. `fetusOnly`: the text speaks of nobody else. */
export function tellsSex(text: string, fetusOnly = false): boolean {
  const plain = text.normalize("NFKC").replace(/[\u00ad\u200b-\u200d\u2060\ufeff]/g, "");
  // "m a l e", "f-e-m-a-l-e": single letters kept apart
  const joined = plain.replace(/(?<!\p{L})\p{L}(?:[\s.\-_*]\p{L})+(?!\p{L})/gu, (run) => run.replace(/[\s.\-_*]/g, ""));
  const words = fetusOnly ? WITH_PRONOUNS : WORDS;
  return SYMBOLS.test(plain) || words.test(plain) || words.test(joined);
}

/** The text, or null when it must not be shown. */
export const withhold = (text: string, fetusOnly = false): string | null => (tellsSex(text, fetusOnly) ? null : text);
