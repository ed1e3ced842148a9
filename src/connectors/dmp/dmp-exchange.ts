import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { AuditTrail, type AuditEvent, type AuditKind } from '../../audit';
import type { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import {
  buildEnvelope,
  fragment,
  packMtom,
  packPlain,
  type MtomAttachment,
  type XmlFragment,
} from '../../standards/soap';
import { buildVihf, type VihfContext, type VihfMode, type VihfProfessional } from '../../standards/vihf';
import { dmpConfig } from './dmp.config';
import { dmpErrors } from './dmp.errors';
import type { DmpOutcome } from './dmp-outcome';
import { exchange, type TransportAnswer } from './dmp-transport';
import type { DmpStructure } from './structure-directory';

/** On whose behalf a call is made, and about whom. */
export interface DmpCaller {
  structure: DmpStructure;
  professional: VihfProfessional;
  ins: { matricule: string; oid: string };
  /** Replaces the structure of the VIHF: the work situation of the professional of Pro Santé Connect. */
  activity?: { id: string; sector: { code: string; system: string } };
  /** When Pro Santé Connect authenticated the professional. */
  authenticatedAt?: Date;
  secretConnection?: boolean;
}

export type DmpService = 'repository' | 'registry' | 'patients';

export interface DmpCall {
  caller: DmpCaller;
  mode: VihfMode;
  service: DmpService;
  action: string;
  body: XmlFragment;
  /** Given (even empty), the message is an MTOM package. */
  attachments?: readonly MtomAttachment[];
  audit: AuditKind;
  /** Facts of this call for the audit; no identity beside `patient`. */
  about?: Pick<AuditEvent, 'documentUniqueId' | 'studyInstanceUid' | 'facts'>;
  signal?: AbortSignal;
}

/** Clock and identifiers of the exchanges; replaced in tests. */
export interface DmpMoment {
  now(): Date;
  uuid(): string;
}
export const DMP_MOMENT = Symbol('DmpMoment');
const realMoment: DmpMoment = { now: () => new Date(), uuid: randomUUID };

/** What the last exchanges showed of the DMP itself: a refusal of one document is an answer like another. */
export interface DmpTrack {
  readonly acceptedAt?: Date;
  readonly trouble?: { readonly at: Date; readonly reason: string };
}

const ERROR_OF = {
  refused: dmpErrors.refused,
  partial: dmpErrors.partial,
  malformed: dmpErrors.malformed,
  'try-again': dmpErrors.unavailable,
};

/** What all transactions share: VIHF, envelope, exchange, audit, log. */
@Injectable()
export class DmpExchange {
  private readonly logger = new Logger('dmp');
  readonly moment: DmpMoment;
  private tracked: DmpTrack = {};

  constructor(
    @Inject(dmpConfig.token) readonly config: ConfigOf<typeof dmpConfig>,
    private readonly audit: AuditTrail,
    @Optional() @Inject(DMP_MOMENT) moment?: DmpMoment,
  ) {
    this.moment = moment ?? realMoment;
  }

  get track(): DmpTrack {
    return this.tracked;
  }

  /**
   * Runs one call. `read` turns the SOAP body into the outcome of the transaction; the audit tells that outcome. Throws only
   * what is wrong on our side: no DMP configured, or a caller that cannot be described in a VIHF.
   */
  async call<T>(call: DmpCall, read: (answer: TransportAnswer) => DmpOutcome<T>): Promise<DmpOutcome<T>> {
    const base = this.config.url;
    if (base === undefined) throw new GatewayError(dmpErrors.notConfigured);
    const started = performance.now();
    const messageId = `urn:uuid:${this.moment.uuid()}`;
    const url = `${base.replace(/\/+$/, '')}/${call.service}`;
    const envelope = buildEnvelope({
      action: call.action,
      messageId,
      to: url,
      assertion: fragment(await this.vihf(call.caller, call.mode)),
      body: call.body,
    });
    const message = call.attachments
      ? packMtom({
          envelope,
          action: call.action,
          attachments: call.attachments,
          boundary: `MIMEBoundary_${this.moment.uuid()}`,
        })
      : packPlain({ envelope, action: call.action });
    const answer = await exchange({
      url,
      message,
      messageId,
      structure: call.caller.structure,
      timeoutMs: this.config.timeoutMs,
      answerBytesMax: this.config.answerBytesMax,
      signal: call.signal,
    });
    const outcome = answer.kind === 'accepted' ? read(answer.value) : (answer as DmpOutcome<T>);
    this.remember(outcome);
    await this.tell(call, outcome, {
      messageId,
      endpoint: url,
      bytes: message.body.length,
      durationMs: Math.round(performance.now() - started),
    });
    return { ...outcome, messageId };
  }

  private remember(outcome: DmpOutcome<unknown>): void {
    const at = new Date();
    const reason =
      outcome.kind === 'try-again' ? outcome.reason : outcome.kind === 'malformed' ? 'malformed' : undefined;
    this.tracked = reason ? { ...this.tracked, trouble: { at, reason } } : { ...this.tracked, acceptedAt: at };
  }

  private async vihf(caller: DmpCaller, mode: VihfMode): Promise<string> {
    const { softwareId, softwareVersion, homologation, vihfVersion, signatureHash } = this.config;
    const context: VihfContext = {
      version: vihfVersion,
      mode,
      professional: caller.professional,
      structure: caller.activity ?? caller.structure.vihf,
      software: { id: softwareId, name: 'DRIMbox', version: softwareVersion, homologation },
      ins: caller.ins,
      secretConnection: caller.secretConnection,
      hash: signatureHash,
    };
    const moment = { issuedAt: this.moment.now(), authenticatedAt: caller.authenticatedAt, uuid: this.moment.uuid() };
    const built = await buildVihf(context, moment, caller.structure.signer());
    if (!built.ok) throw new GatewayError(dmpErrors.callerRefused, { detail: `VIHF: ${built.reason}` });
    return built.xml;
  }

  private async tell(
    call: DmpCall,
    outcome: DmpOutcome<unknown>,
    facts: { messageId: string; endpoint: string; bytes: number; durationMs: number },
  ): Promise<void> {
    const codes = registryCodes(outcome);
    const errorCode = outcome.kind === 'accepted' ? undefined : ERROR_OF[outcome.kind].code;
    const known = { messageId: facts.messageId, outcome: outcome.kind, ...(codes ? { registryCodes: codes } : {}) };
    this.logger[outcome.kind === 'accepted' ? 'info' : 'warn'](
      {
        ...known,
        transaction: call.audit,
        durationMs: facts.durationMs,
        ...(outcome.kind === 'try-again' ? { reason: outcome.reason, detail: outcome.detail } : {}),
      },
      'exchange with the DMP',
    );
    await this.audit.record({
      kind: call.audit,
      outcome: outcome.kind === 'accepted' ? 'success' : outcome.kind === 'refused' ? 'refused' : 'failure',
      actor: {
        professionalId: call.caller.professional.nationalId,
        professionalName: `${call.caller.professional.givenName} ${call.caller.professional.familyName}`.trim(),
        structureId: call.caller.activity?.id ?? call.caller.structure.vihf.id,
      },
      patient: call.caller.ins,
      ...call.about,
      bytes: facts.bytes,
      durationMs: facts.durationMs,
      errorCode,
      facts: { ...call.about?.facts, endpoint: facts.endpoint, ...known },
    });
  }
}

/** Registry codes only: their contexts may quote the patient. */
function registryCodes(outcome: DmpOutcome<unknown>): string | undefined {
  const errors = outcome.kind === 'accepted' ? outcome.warnings : 'errors' in outcome ? outcome.errors : [];
  const codes = [...(outcome.kind === 'refused' ? [outcome.code] : []), ...errors.map((error) => error.code)];
  return codes.length === 0 ? undefined : [...new Set(codes)].join(' ').slice(0, 300);
}
