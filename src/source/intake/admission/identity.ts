import type { SenderOverrides } from '../../../connectors/ris';
import type { ImagingReport, ReportPatient } from '../../../standards/cda';
import {
  checkBirthDate,
  checkCx,
  checkGender,
  checkIdentityStatus,
  checkIns,
  comparableName,
  Cx,
  Ins,
  insNatureOf,
  sameIns,
} from '../../../standards/identity';
import type { Hl7Message, Hl7Repetition, Hl7Segment } from '../../../standards/hl7v2';
import { intakeErrors } from '../intake.errors';
import { checkedOr, IntakeRefusal } from '../intake-refusal';

export interface IdentityPolicy {
  /** OIDs of the natures of INS that may be published. */
  readonly insOids: readonly string[];
  readonly overrides: SenderOverrides;
}

/** Everything an identity step may look at. */
interface IdentityCase {
  readonly pid: Hl7Segment | undefined;
  readonly patient: ReportPatient;
  readonly policy: IdentityPolicy;
}

type IdentityStep = (found: IdentityCase) => void;

const natureIsAccepted: IdentityStep = ({ patient, policy }) => {
  const checked = checkIns(patient.ins, policy.insOids);
  if (!checked.ok)
    throw new IntakeRefusal(intakeErrors.insNature, `report: ${checked.reason}`, { segment: 'PID', field: 3 });
};

const traitsAreComplete: IdentityStep = ({ patient, policy }) => {
  if (patient.birthPlace || policy.overrides.birthPlaceOptional) return;
  const reason = 'report: recordTarget/patientRole/patient/birthplace/place/addr/county is missing';
  throw new IntakeRefusal(intakeErrors.identityIncomplete, reason, undefined, 905);
};

const isInPid: IdentityStep = ({ pid, policy }) => {
  if (!pid && !policy.overrides.pidOptional)
    throw new IntakeRefusal(intakeErrors.segment, 'PID is missing', { segment: 'PID' });
};

const statusIsValidated: IdentityStep = ({ pid, policy }) => {
  if (!pid) return;
  const codes = pid.repetitions(32).map((code) => code.read(1));
  if (codes.length === 0 && policy.overrides.assumeIdentityValidated) return;
  checkedOr(checkIdentityStatus(codes), intakeErrors.identityStatus, { segment: 'PID', field: 32 });
};

const insIsTheSame: IdentityStep = ({ pid, patient }) => {
  if (!pid) return;
  const location = { segment: 'PID', field: 3 };
  const all = allInsOfPid(pid);
  if (all.length === 0) throw new IntakeRefusal(intakeErrors.insMissing, 'PID-3 has no INS', location, 903);
  if (!all.every((ins) => sameIns(ins, patient.ins))) throw differs('PID-3 (INS)', 3);
};

const localIdIsTheSame: IdentityStep = ({ pid, patient }) => {
  const local = pid ? identifiersOf(pid).filter((cx) => cx.typeCode === 'PI') : [];
  if (local.length === 0 || !patient.localId) return;
  if (!local.some((cx) => cx.id === patient.localId?.extension)) throw differs('PID-3 (PI)', 3);
};

const namesAreTheSame: IdentityStep = ({ pid, patient }) => {
  const birth = birthNameOf(pid);
  if (!pid || !birth) return;
  const family = birth.read(1);
  const given = firstWord(birth.read(2));
  if (comparableName(family) !== comparableName(patient.birthFamily)) throw differs('PID-5.1 (birth name)', 5);
  if (given !== '' && given !== firstWord(patient.firstBirthGiven)) throw differs('PID-5.2 (first given name)', 5);
};

const birthAndSexAreTheSame: IdentityStep = ({ pid, patient }) => {
  if (!pid) return;
  if (pid.text(7) !== '') {
    const birth = checkedOr(checkBirthDate(pid.text(7)), intakeErrors.value, { segment: 'PID', field: 7 });
    if (birth.text !== patient.birthDate.text) throw differs('PID-7 (birth date)', 7);
  }
  if (pid.text(8) !== '') {
    const gender = checkedOr(checkGender(pid.text(8)), intakeErrors.code, { segment: 'PID', field: 8 });
    if (gender !== patient.gender) throw differs('PID-8 (sex)', 8);
  }
};

const birthPlaceIsTheSame: IdentityStep = ({ pid, patient }) => {
  const birthplace = pid
    ?.repetitions(11)
    .find((address) => address.read(7) === 'BDL')
    ?.read(9)
    .trim();
  if (!birthplace || !patient.birthPlace) return;
  if (birthplace !== patient.birthPlace.code) throw differs('PID-11 (birth place)', 11);
};

/** A report's patient is admitted by these steps, in this order. */
export const identitySteps: readonly IdentityStep[] = [
  natureIsAccepted,
  isInPid,
  statusIsValidated,
  insIsTheSame,
  localIdIsTheSame,
  namesAreTheSame,
  birthAndSexAreTheSame,
  birthPlaceIsTheSame,
  traitsAreComplete,
];

/** PID and the report must name the same, validated person; anything else is refused with the trait that differs. */
export function admitIdentity(message: Hl7Message, report: ImagingReport, policy: IdentityPolicy): void {
  if (message.all('PID').length > 1) {
    throw new IntakeRefusal(intakeErrors.cardinality, 'several PID: one patient a message', {
      segment: 'PID',
      sequence: 2,
    });
  }
  const found = { pid: message.first('PID'), patient: report.patient, policy };
  for (const step of identitySteps) step(found);
}

/** The INS of PID-3, by the OID of its authority. */
export function insOfPid(pid: Hl7Segment): Ins | undefined {
  return allInsOfPid(pid)[0];
}

function allInsOfPid(pid: Hl7Segment): Ins[] {
  return identifiersOf(pid)
    .filter((cx) => insNatureOf(cx.authority.universalId) !== undefined)
    .map((cx) => ({ matricule: cx.id, oid: cx.authority.universalId }));
}

function identifiersOf(pid: Hl7Segment): Cx[] {
  return pid.repetitions(3).map((repetition, index) => {
    const location = { segment: 'PID', field: 3, repetition: index + 1 };
    return checkedOr(checkCx(repetition.read), intakeErrors.value, location);
  });
}

/** PID-5 of type L (birth name in the national profile); the only repetition when it has no type. */
function birthNameOf(pid: Hl7Segment | undefined): Hl7Repetition | undefined {
  const names = pid?.repetitions(5) ?? [];
  return names.find((name) => name.read(7) === 'L') ?? names.find((name) => name.read(7) === '');
}

function firstWord(names: string): string {
  return comparableName(names.trim().split(/[\s,]+/)[0] ?? '');
}

function differs(what: string, field: number): IntakeRefusal {
  return new IntakeRefusal(
    intakeErrors.identityDiffers,
    `${what} is not the one of the report`,
    { segment: 'PID', field },
    904,
  );
}
