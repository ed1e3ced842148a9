import type { DocumentEntry, VisibilityFlags } from '../../standards/xds';
import type { TraitDifference } from './identity/compare-traits';

/** A code with what a professional reads. */
export interface Label {
  readonly code: string;
  readonly label: string;
}

/** One document of the record that belongs to an exam. */
export interface ExamDocument {
  /** Opaque, for addresses. */
  readonly id: string;
  readonly entry: DocumentEntry;
  readonly title: string;
  /** DTM in UTC. */
  readonly createdAt?: string;
  /** A newer one has replaced it. */
  readonly isReplaced: boolean;
  readonly visibility: VisibilityFlags;
}

export interface ExamReferences {
  readonly studies: readonly string[];
  readonly accessions: readonly { readonly number: string; readonly issuer?: string }[];
}

/** Images and reports of one study, paired from the entries of the record. */
export interface Exam {
  /** Opaque and stable within its patient context. */
  readonly id: string;
  readonly studyInstanceUid?: string;
  readonly accessionNumbers: readonly string[];
  /** By what others may name it: every study of its manifests, every accession number with the OID of its issuer. */
  readonly references: ExamReferences;
  /** DTM in UTC: start of the act. */
  readonly date?: string;
  readonly modalities: readonly Label[];
  readonly regions: readonly Label[];
  readonly description: string;
  readonly structure: string;
  /** The one in force; `source` file: brought by the professional. */
  readonly manifest?: ExamDocument;
  readonly source: 'dmp' | 'file';
  /** In force like `manifest`, and older: nobody replaced them. The latest is used. */
  readonly otherManifests: readonly ExamDocument[];
  /** Replaced. */
  readonly earlierManifests: readonly ExamDocument[];
  readonly reports: readonly ExamDocument[];
  readonly earlierReports: readonly ExamDocument[];
  /** Strict traits of its entries that are not those of the call: the exam cannot be opened. */
  readonly differences: readonly TraitDifference[];
}
