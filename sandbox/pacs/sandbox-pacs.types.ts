/** Where the sandbox's PACS sends the objects of a C-MOVE. */
export interface PacsPeer {
  aet: string;
  host: string;
  port: number;
}

export interface SandboxPacsOptions {
  /** Left out: Orthanc when it is installed, else the embedded one. */
  kind?: 'orthanc' | 'embedded';
  /** Objects and index live here and survive a restart. */
  dataDir: string;
  /** DICOM port; 0 takes a free one. */
  port: number;
  aeTitle: string;
  peers: PacsPeer[];
  /** HTTP port of Orthanc; a free one when left out. */
  dicomwebPort?: number;
  /** Small packets leave at once (default). False shows what a stock installation does: about 40 ms per object. */
  noDelay?: boolean;
  /** Orthanc only: plugins beside DICOMweb, as paths of their libraries. */
  plugins?: readonly string[];
}

/** A running PACS. */
export interface SandboxPacs {
  readonly kind: 'orthanc' | 'embedded';
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly aeTitle: string;
  /** Base of DICOMweb (QIDO-RS, WADO-RS, STOW-RS), when it speaks it. */
  readonly dicomweb?: string;
  /** Stores Part 10 files, given by path or by content, as they are. */
  storeFiles(files: Iterable<string | Buffer> | AsyncIterable<string | Buffer>): Promise<number>;
  stop(): Promise<void>;
}
