import type { Ins } from '../../../standards/identity';
import { checkOid } from '../../../standards/identity';
import { intakeErrors } from '../intake.errors';
import { checkedOr, IntakeRefusal } from '../intake-refusal';
import type { OpenedMessage } from './header';
import { insOfPid } from './identity';

export interface AdmittedStudyChange {
  readonly studyInstanceUid: string;
  readonly accessionNumber?: string;
  readonly cancelled: boolean;
  readonly ins?: Ins;
}

/** Admits an imaging order message (OMI^O23): each IPC names a study (IPC-3) and its accession number (IPC-1). */
export function admitStudyChanges(opened: OpenedMessage): AdmittedStudyChange[] {
  const { message } = opened;
  const orc = message.first('ORC');
  if (!orc) throw new IntakeRefusal(intakeErrors.segment, 'ORC is missing', { segment: 'ORC' });
  const segments = message.all('IPC');
  if (segments.length === 0) throw new IntakeRefusal(intakeErrors.segment, 'IPC is missing', { segment: 'IPC' });
  const pid = message.first('PID');
  const ins = pid && insOfPid(pid);
  const changes = segments.map((ipc, index) => ({
    studyInstanceUid: checkedOr(checkOid(ipc.text(3)), intakeErrors.value, {
      segment: 'IPC',
      sequence: index + 1,
      field: 3,
    }),
    accessionNumber: ipc.text(1) || undefined,
    cancelled: ['CA', 'OC', 'DC'].includes(orc.text(1)),
    ins,
  }));
  return [...new Map(changes.map((change) => [change.studyInstanceUid, change])).values()];
}
