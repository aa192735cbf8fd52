"""The words of the printed report in five languages. Numbers, units, equations and names stay as they are.

A translation that is missing is an error of this file, found by its test, not an English word.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from services.domain.plurals import is_one
from services.publish.pdf_strings_examination import EXAMINATION, MONTHS

LANGUAGES: Final = ("en", "fr", "sw", "hi", "pt")

# key: (English, French, Swahili, Hindi, Portuguese)
_WORDS: Final[dict[str, tuple[str, str, str, str, str]]] = {
    "title": ("Fetal ultrasound report", "Compte rendu d’échographie fœtale",
              "Ripoti ya ultrasaundi ya kijusi", "भ्रूण अल्ट्रासाउंड रिपोर्ट",
              "Relatório de ultrassonografia fetal"),
    "unreviewed": ("AI result, not for diagnosis, unreviewed",
                   "Résultat d’IA, pas pour le diagnostic, non relu",
                   "Matokeo ya AI, si ya utambuzi, hayajakaguliwa",
                   "एआई परिणाम, निदान के लिए नहीं, असमीक्षित",
                   "Resultado de IA, não para diagnóstico, não revisto"),
    "reviewed": ("Reviewed by", "Relu par", "Imekaguliwa na", "समीक्षक", "Revisto por"),
    "on": ("on", "le", "tarehe", "दिनांक", "em"),
    "patient": ("Patient", "Patiente", "Mgonjwa", "रोगी", "Paciente"),
    "number": ("Patient number", "Numéro de patiente", "Namba ya mgonjwa", "रोगी संख्या",
               "Número da paciente"),
    "born": ("Date of birth", "Date de naissance", "Tarehe ya kuzaliwa", "जन्म तिथि",
             "Data de nascimento"),
    "day": ("Date of study", "Date de l’examen", "Tarehe ya uchunguzi", "जाँच की तिथि",
            "Data do exame"),
    "accession": ("Accession number", "Numéro d’ordre", "Namba ya ombi", "परिग्रहण संख्या",
                  "Número de acesso"),
    "period": ("Last menstrual period", "Dernières règles", "Hedhi ya mwisho",
               "अंतिम मासिक धर्म", "Última menstruação"),
    "summary": ("Result", "Résultat", "Matokeo", "परिणाम", "Resultado"),
    "image": ("Image", "Image", "Picha", "छवि", "Imagem"),
    "plane": ("Plane", "Plan de coupe", "Mkato", "तल", "Plano"),
    "quality": ("Image quality", "Qualité d’image", "Ubora wa picha", "छवि की गुणवत्ता",
                "Qualidade da imagem"),
    "structures": ("Structures found", "Structures trouvées", "Miundo iliyopatikana",
                   "मिली संरचनाएँ", "Estruturas encontradas"),
    "confidence": ("confidence", "confiance", "uhakika", "विश्वास", "confiança"),
    "measurements": ("Measurements", "Mesures", "Vipimo", "माप", "Medidas"),
    "interval": ("95 % interval", "intervalle à 95 %", "kiwango cha 95 %", "95 % अंतराल",
                 "intervalo de 95 %"),
    "px_only": ("px only: not calibrated", "px seulement : non calibré",
                "px tu: haijasawazishwa", "केवल px: अंशांकित नहीं", "só px: não calibrado"),
    "age": ("Gestational age", "Âge gestationnel", "Umri wa mimba", "गर्भकालीन आयु",
            "Idade gestacional"),
    "by": ("by", "selon", "kwa", "द्वारा", "por"),
    "two_sd": ("±2 SD", "±2 ET", "±2 SD", "±2 SD", "±2 DP"),
    "age_period": ("Age by last period", "Âge selon les dernières règles",
                   "Umri kwa hedhi ya mwisho", "अंतिम मासिक धर्म से आयु",
                   "Idade pela última menstruação"),
    "discordance": ("Difference from scan", "Écart avec l’échographie", "Tofauti na skani",
                    "स्कैन से अंतर", "Diferença para o exame"),
    "days": ("{n:+d} days", "{n:+d} jours", "siku {n:+d}", "{n:+d} दिन", "{n:+d} dias"),
    "days_one": ("{n:+d} day", "{n:+d} jour", "siku {n:+d}", "{n:+d} दिन", "{n:+d} dia"),
    "centile": ("Centile", "Centile", "Asilimia ya ukuaji", "शतमक", "Percentil"),
    "not_assessed": ("Not assessed", "Non évalué", "Haikutathminiwa", "मूल्यांकन नहीं हुआ",
                     "Não avaliado"),
    "skipped": ("Images that could not be read", "Images illisibles",
                "Picha ambazo hazikusomeka", "जो छवियाँ पढ़ी नहीं जा सकीं",
                "Imagens que não puderam ser lidas"),
    "text": ("Text by the model, in English", "Texte du modèle, en anglais",
             "Maandishi ya modeli, kwa Kiingereza", "मॉडल का पाठ, अंग्रेज़ी में",
             "Texto do modelo, em inglês"),
    "looked_at": ("Only this was looked at", "Seul ceci a été examiné",
                  "Hiki tu kilichunguzwa", "केवल यही देखा गया", "Só isto foi observado"),
    "comment": ("Comment", "Commentaire", "Maoni", "टिप्पणी", "Comentário"),
    "release": ("Model release", "Version du modèle", "Toleo la modeli", "मॉडल संस्करण",
                "Versão do modelo"),
    "made": ("Made", "Établi", "Imetengenezwa", "निर्मित", "Emitido"),
    "page": ("Page", "Page", "Ukurasa", "पृष्ठ", "Página"),
    # why something is not assessed
    "out_of_scope": ("not a fetal ultrasound of a plane that the model knows",
                     "pas une échographie fœtale d’un plan connu du modèle",
                     "si ultrasaundi ya kijusi ya mkato ambao modeli inaujua",
                     "मॉडल के ज्ञात तल का भ्रूण अल्ट्रासाउंड नहीं",
                     "não é uma ultrassonografia fetal de um plano que o modelo conhece"),
    "too_poor": ("image quality too poor", "qualité d’image insuffisante",
                 "ubora wa picha ni duni mno", "छवि की गुणवत्ता बहुत कम",
                 "qualidade da imagem insuficiente"),
    "unknown_plane": ("no plane is certain enough", "aucun plan n’est assez certain",
                      "hakuna mkato wenye uhakika wa kutosha", "कोई तल पर्याप्त निश्चित नहीं",
                      "nenhum plano é certo o bastante"),
    "unknown_subplane": ("no level of the head is certain enough",
                         "aucun niveau de la tête n’est assez certain",
                         "hakuna kiwango cha kichwa chenye uhakika wa kutosha",
                         "सिर का कोई स्तर पर्याप्त निश्चित नहीं",
                         "nenhum nível da cabeça é certo o bastante"),
    "low_confidence": ("confidence too low", "confiance trop faible", "uhakika ni mdogo mno",
                       "विश्वास बहुत कम", "confiança muito baixa"),
    "not_calibrated": ("not calibrated", "non calibré", "haijasawazishwa", "अंशांकित नहीं",
                       "não calibrado"),
    "out_of_range": ("outside the range of the formula", "hors du domaine de la formule",
                     "nje ya mipaka ya fomula", "सूत्र की सीमा से बाहर",
                     "fora do intervalo da fórmula"),
    # planes and structures
    "head": ("head", "tête", "kichwa", "सिर", "cabeça"),
    "abdomen": ("abdomen", "abdomen", "tumbo", "उदर", "abdome"),
    "femur": ("femur", "fémur", "fupa la paja", "जांघ की हड्डी", "fêmur"),
    "thorax": ("thorax", "thorax", "kifua", "वक्ष", "tórax"),
    "nt_view": ("nuchal translucency view", "vue de la clarté nucale",
                "mwonekano wa uwazi wa shingo", "न्यूकल ट्रांसलूसेंसी दृश्य",
                "vista da translucência nucal"),
    "intrapartum": ("intrapartum view", "vue intrapartum", "mwonekano wakati wa uchungu",
                    "प्रसव के दौरान का दृश्य", "vista intraparto"),
    "subplane": ("level of the head", "niveau de la tête", "kiwango cha kichwa", "सिर का स्तर",
                 "nível da cabeça"),
    "trans-thalamic": ("transthalamic", "transthalamique", "kupitia thalami", "ट्रांसथैलेमिक",
                       "transtalâmico"),
    "trans-ventricular": ("transventricular", "transventriculaire", "kupitia ventrikali",
                          "ट्रांसवेंट्रिकुलर", "transventricular"),
    "trans-cerebellar": ("transcerebellar", "transcérébelleux", "kupitia serebela",
                         "ट्रांससेरिबेलर", "transcerebelar"),
    "AoP": ("angle of progression", "angle de progression", "pembe ya mteremko",
            "प्रगति कोण", "ângulo de progressão"),
    "pubic_symphysis": ("pubic symphysis", "symphyse pubienne", "simfisisi ya kinena",
                        "जघन संधानक", "sínfise púbica"),
    "fetal_head": ("fetal head", "tête fœtale", "kichwa cha kijusi", "भ्रूण का सिर",
                   "cabeça fetal"),
    "CSP": ("cavum septi pellucidi", "cavum du septum pellucidum", "cavum septi pellucidi",
            "कैवम सेप्टी पेलुसिडी", "cavum do septo pelúcido"),
    "lateral_ventricle": ("lateral ventricle", "ventricule latéral", "ventrikali ya pembeni",
                          "पार्श्व निलय", "ventrículo lateral"),
    "NT": ("nuchal translucency", "clarté nucale", "uwazi wa shingo", "न्यूकल ट्रांसलूसेंसी",
           "translucência nucal"),
    "nasal_bone": ("nasal bone", "os nasal", "mfupa wa pua", "नाक की हड्डी", "osso nasal"),
    "nasal_tip": ("nasal tip", "pointe du nez", "ncha ya pua", "नाक की नोक", "ponta do nariz"),
    "nasal_skin": ("nasal skin", "peau du nez", "ngozi ya pua", "नाक की त्वचा", "pele nasal"),
    "palate": ("palate", "palais", "kaakaa", "तालु", "palato"),
    "thalami": ("thalami", "thalamus", "thalami", "थैलेमस", "tálamos"),
    "midbrain": ("midbrain", "mésencéphale", "ubongo wa kati", "मध्यमस्तिष्क", "mesencéfalo"),
    "IT": ("intracranial translucency", "clarté intracrânienne", "uwazi wa ndani ya fuvu",
           "इंट्राक्रेनियल ट्रांसलूसेंसी", "translucência intracraniana"),
    "CM": ("cisterna magna", "grande citerne", "cisterna magna", "सिस्टर्ना मैग्ना",
           "cisterna magna"),
    "gestational_age": ("gestational age", "âge gestationnel", "umri wa mimba", "गर्भकालीन आयु",
                        "idade gestacional"),
}  # fmt: skip


_WORDS.update(EXAMINATION)


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        """Raises ValueError for a language that is not one of ``LANGUAGES``."""
        if language not in LANGUAGES:
            raise ValueError(f"the languages are {', '.join(LANGUAGES)}")
        self.language = language
        self._column = LANGUAGES.index(language)

    def __call__(self, key: str) -> str:
        """The text for ``key`` in this language; KeyError for a key that does not exist."""
        return _WORDS[key][self._column]

    def counted(self, key: str, n: int, **values: object) -> str:
        """The text for ``key`` about ``n`` of something, in the singular where there is one (``key_one``)."""
        one = is_one(self.language, abs(n)) and f"{key}_one" in _WORDS
        return self(f"{key}_one" if one else key).format(n=n, **values)

    def label(self, name: str) -> str:
        """A plane's or structure's name; a label that is not known stays as the release has it."""
        return self(name) if name in _WORDS else name.replace("_", " ")

    def day(self, day: date) -> str:
        """A date as readers of this language write it: 5 Jan 2026."""
        return f"{day.day} {MONTHS[self._column][day.month - 1]} {day.year}"

    def knows(self, key: str) -> bool:
        """Whether there is a text for ``key``."""
        return key in _WORDS


def keys() -> tuple[str, ...]:
    """The keys that every language has a text for."""
    return tuple(_WORDS)
