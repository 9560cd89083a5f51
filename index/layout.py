"""File names and array shapes of a bank folder; `index/README.md` describes them."""

EMBEDDINGS = "embeddings.npy"  # float16 or float32 (M, D)
SENTENCE_OFFSETS = "sentence_offsets.npy"  # int64 (M + 1): sentences of candidate i are offsets[i] .. offsets[i + 1]
SENTENCE_PHRASES = "sentence_phrases.npy"  # int32 (T): phrase_id
SENTENCE_VALUES = "sentence_values.npy"  # float32 (T): number of its slot, NaN where there is none
TEXT_POSITIONS = "text_positions.npy"  # int64 (X) ascending: sentences whose value is text
TEXT_CODES = "text_codes.npy"  # int32 (X): row of texts.json
TEXTS = "texts.json"  # list of the distinct texts
SECTION_MASK = "section_mask.npy"  # uint64 (M): bit s is set when the candidate has section s
SECTION_OFFSETS = "section_offsets.npy"  # int64 (S + 1): rows of section s are offsets[s] .. offsets[s + 1]
SECTION_ROWS = "section_rows.npy"  # int32 (R): candidate ids, ascending within a section
PATIENT_KEYS = "patient_keys.npy"  # uint8 (M, 16), optional: pseudonym of each candidate's patient
STUDY_KEYS = "study_keys.npy"  # uint8 (M, 16), optional: pseudonym of each candidate's study
KEY_BYTES = 16  # 128 bits: two of 2^40 keys are equal with a chance of 2^-49
MAX_SECTIONS = 64  # bits of the mask
UNLABELLED = 255  # in uint8 label columns; float32 columns use NaN
