import { ProvideAndRegisterClient, UpdateDocumentSetClient } from '../../src/connectors/dmp';
import { ManifestArchive } from '../../src/source/archive';
import { PublicationRepository } from '../../src/source/publication/store/publication.repository';
import { StudyReader } from '../../src/source/publication/study/study-reader';
import { Settlement } from '../../src/source/publication/work/settlement';
import { startPublicationRooms } from './publication-rooms';

/** A gateway process that may kill itself (SIGKILL) at a named point of its work. Run as a child process. */

type Method = (...args: unknown[]) => Promise<unknown>;
const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};

function around(
  owner: object,
  name: string,
  when: 'before' | 'after',
  applies: (args: unknown[]) => boolean = () => true,
): void {
  const methods = owner as Record<string, Method>;
  const original = methods[name];
  methods[name] = async function (this: unknown, ...args: unknown[]) {
    if (when === 'before' && applies(args)) await die();
    const result = await original.apply(this, args);
    if (when === 'after' && applies(args)) await die();
    return result;
  };
}
const to = (state: string) => (args: unknown[]) => (args[1] as { to: string }).to === state;

const killPoints: Record<string, () => void> = {
  'before the study is read': () => around(StudyReader.prototype, 'read', 'before'),
  'after the study is read': () => around(StudyReader.prototype, 'read', 'after'),
  'before the manifest is kept': () => around(PublicationRepository.prototype, 'move', 'before', to('to-publish')),
  'after the manifest is kept': () => around(PublicationRepository.prototype, 'move', 'after', to('to-publish')),
  'before it is publishing': () => around(PublicationRepository.prototype, 'move', 'before', to('publishing')),
  'after it is publishing': () => around(PublicationRepository.prototype, 'move', 'after', to('publishing')),
  'before it is marked as leaving': () => around(PublicationRepository.prototype, 'markLeaving', 'before'),
  'before it is sent': () => around(ProvideAndRegisterClient.prototype, 'send', 'before'),
  'after the DMP accepted': () => around(ProvideAndRegisterClient.prototype, 'send', 'after'),
  'inside the recording transaction': () => around(ManifestArchive.prototype, 'put', 'after'),
  'after it is recorded': () => around(Settlement.prototype, 'published', 'after'),
  'before the deletion is sent': () => around(UpdateDocumentSetClient.prototype, 'send', 'before'),
  'after the DMP deleted': () => around(UpdateDocumentSetClient.prototype, 'send', 'after'),
  'inside the withdrawing transaction': () => around(ManifestArchive.prototype, 'withdraw', 'after'),
};

async function run(): Promise<void> {
  const { settings, killAt } = JSON.parse(process.argv[2]) as { settings: Record<string, string>; killAt?: string };
  if (killAt) killPoints[killAt]();
  const rooms = await startPublicationRooms(settings);
  process.once('SIGTERM', () => void rooms.close().then(() => process.exit(0)));
  process.once('disconnect', () => process.exit(1));
  process.send?.({ started: true });
}

run().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
