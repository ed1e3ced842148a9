import { startEmbeddedPacs } from './embedded/embedded-pacs';
import { orthancProgram, startOrthanc } from './orthanc';
import { SandboxPacs, SandboxPacsOptions } from './sandbox-pacs.types';

export type { PacsPeer, SandboxPacs, SandboxPacsOptions } from './sandbox-pacs.types';
export { orthancIsInstalled } from './orthanc';

/** Starts the PACS of the sandbox, listening on this machine only as far as the program allows. */
export async function startSandboxPacs(options: SandboxPacsOptions): Promise<SandboxPacs> {
  const kind = options.kind ?? (orthancProgram() ? 'orthanc' : 'embedded');
  return kind === 'orthanc' ? startOrthanc(options) : startEmbeddedPacs(options);
}
