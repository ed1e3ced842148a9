import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable, OnApplicationShutdown } from '@nestjs/common';
import type { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import type { ViewerPatient, ViewerStudySource } from '../dicomweb/study-source';
import { viewerConfig } from '../viewer.config';
import { viewerErrors } from '../viewer.errors';

/** One viewer shows one exam, or compares a few of the same patient. */
const studiesMax = 4;
const sweepMs = 20_000;

/** Images that one reader marks in one viewer. */
const marksMax = 200;

export interface ViewerReport {
  /** Path of our own page that gives the PDF. */
  readonly path: string;
  /** Which exam it is of, when several are open: YYYYMMDD. */
  readonly date?: string;
}

/** Of the identity, what the call knows and the manifest may not tell. */
export interface CalledIdentity {
  /** INSEE code; absent when the caller says that it is not known. */
  readonly birthPlace?: string;
  /** Strict traits that a manifest does not tell, by their names in consumer/exams. */
  readonly absentTraits: readonly string[];
}

export interface GrantRequest {
  /** Session that may use the grant, and no other. */
  readonly sessionId: string;
  /** The patient's context on whose behalf it is opened, if any: the grant ends with it. */
  readonly contextId?: string;
  readonly professional: {
    readonly id: string;
    readonly name: string;
    /** For which they act. */
    readonly structureId?: string;
    /** From where they come. */
    readonly address?: string;
  };
  readonly sources: readonly ViewerStudySource[];
  /** When a contextual call brought the patient. */
  readonly called?: CalledIdentity;
  /** Reports shown beside the images, the one of the first exam first. */
  readonly reports?: readonly ViewerReport[];
  /** Path of the page to go back to. */
  readonly returnPath?: string;
}

export interface ViewerGrant extends Omit<GrantRequest, 'sources'> {
  /** Opaque: the only thing that an address shows. */
  readonly id: string;
  readonly openedAt: number;
  readonly patient: ViewerPatient;
  /** By StudyInstanceUID, in the order asked for. */
  readonly sources: ReadonlyMap<string, ViewerStudySource>;
  /** SOP Instance UIDs of the images marked by the reader, in the order of marking; they end with the viewer. */
  readonly marks: ReadonlySet<string>;
}

interface Held {
  readonly marks: Set<string>;
  readonly onEnd: Set<() => void>;
  /** The session changes its identifier when its professional logs in again. */
  readonly grant: Omit<ViewerGrant, 'sessionId'> & { sessionId: string };
  readonly keyHash: Buffer;
  usedAt: number;
}

/**
 * Who may read which studies through the viewer: short-lived, bound to one session (and gone with it), revocable. Kept in memory because what
 * they open (a retrieval under way) lives in this process too; after a restart the exam is opened again.
 *
 * The page proves its session; the image requests, thousands of them, prove it with a key of their own that the browser got
 * as a cookie for the grant's path only, so that none of them costs a query.
 */
@Injectable()
export class ViewerGrants implements OnApplicationShutdown {
  private readonly byId = new Map<string, Held>();
  private readonly timer = setInterval(() => this.sweep(), sweepMs).unref();

  constructor(
    @Inject(viewerConfig.token)
    private readonly config: Pick<ConfigOf<typeof viewerConfig>, 'grantIdleMinutes' | 'grantsPerSessionMax'>,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * Opens a grant.
   * @returns the grant and the key for its cookie
   * @throws GatewayError `patientsDiffer`, `noStudy`
   */
  open(request: GrantRequest): { grant: ViewerGrant; key: string } {
    const [first] = request.sources;
    if (!first || request.sources.length > studiesMax) throw new GatewayError(viewerErrors.noStudy);
    if (request.sources.some((source) => !isSamePatient(source.study.patient, first.study.patient))) {
      for (const source of request.sources) source.close();
      throw new GatewayError(viewerErrors.patientsDiffer);
    }
    const key = randomBytes(32).toString('base64url');
    const marks = new Set<string>();
    const grant: Held['grant'] = {
      ...request,
      marks,
      id: randomBytes(24).toString('base64url'),
      openedAt: this.now(),
      patient: first.study.patient,
      sources: new Map(request.sources.map((source) => [source.study.studyInstanceUid, source])),
    };
    this.makeRoom(request.sessionId);
    this.byId.set(grant.id, { grant, marks, onEnd: new Set(), keyHash: hashOf(key), usedAt: this.now() });
    return { grant, key };
  }

  /** The grant, for a page of the session that owns it. */
  ofSession(id: string, sessionId: string): ViewerGrant {
    const held = this.alive(id);
    if (!held || held.grant.sessionId !== sessionId) throw new GatewayError(viewerErrors.grantUnknown);
    held.usedAt = this.now();
    return held.grant;
  }

  /** The grant, for an image request that carries its key. */
  byKey(id: string, key: string | undefined): ViewerGrant {
    const held = this.alive(id);
    if (!held || key === undefined || !timingSafeEqual(held.keyHash, hashOf(key))) {
      throw new GatewayError(viewerErrors.grantUnknown);
    }
    held.usedAt = this.now();
    return held.grant;
  }

  /** Counts as a use, by whoever proved before that it is theirs. @returns false when it has ended */
  keepOpen(id: string): boolean {
    const held = this.alive(id);
    if (held) held.usedAt = this.now();
    return held !== undefined;
  }

  /**
   * Marks an image, or takes the mark away.
   * @throws GatewayError `grantUnknown`, `notGranted` when the viewer does not show it, `marksFull`
   */
  mark(id: string, sessionId: string, image: { sopInstanceUid: string; isMarked: boolean }): ViewerGrant {
    const grant = this.ofSession(id, sessionId);
    const { sopInstanceUid, isMarked } = image;
    const marks = this.byId.get(id)?.marks;
    if (!isMarked) marks?.delete(sopInstanceUid);
    else if (!listsImage(grant, sopInstanceUid)) throw new GatewayError(viewerErrors.notGranted);
    else if ((marks?.size ?? 0) >= marksMax) throw new GatewayError(viewerErrors.marksFull);
    else marks?.add(sopInstanceUid);
    return grant;
  }

  /** Ends a grant of this session. @returns what it was; undefined when this session has none such */
  end(id: string, sessionId: string): ViewerGrant | undefined {
    const held = this.alive(id);
    if (!held || held.grant.sessionId !== sessionId) return undefined;
    this.close(id);
    return held.grant;
  }

  /** Ends a grant; ends nothing when it already ended. */
  close(id: string): void {
    const held = this.byId.get(id);
    if (!held) return;
    this.byId.delete(id);
    for (const source of held.grant.sources.values()) source.close();
    for (const listener of held.onEnd) listener();
  }

  /** Calls back when the grant ends, until the returned function is called. */
  onEnd(id: string, listener: () => void): () => void {
    const listeners = this.byId.get(id)?.onEnd;
    listeners?.add(listener);
    return () => listeners?.delete(listener);
  }

  /** Ends every grant of a patient's context: it was closed, or its login ended. */
  closeContext(contextId: string): void {
    for (const { grant } of [...this.byId.values()]) if (grant.contextId === contextId) this.close(grant.id);
  }

  /** Ends every grant of a session: at logout, or when its context closes. */
  closeSession(sessionId: string): void {
    for (const { grant } of [...this.byId.values()]) if (grant.sessionId === sessionId) this.close(grant.id);
  }

  /**
   * The same browser has a new session, because its professional logged in again: what they see stays open. What was granted to
   * anybody else ends.
   */
  moveSession({ from, to, professionalId }: { from: string; to: string; professionalId: string }): void {
    for (const { grant } of [...this.byId.values()]) {
      if (grant.sessionId !== from) continue;
      if (grant.professional.id === professionalId) grant.sessionId = to;
      else this.close(grant.id);
    }
  }

  /** Sessions that have a grant: whoever knows when they end has to tell by `closeSession`. */
  get sessions(): ReadonlySet<string> {
    return new Set([...this.byId.values()].map(({ grant }) => grant.sessionId));
  }

  get count(): number {
    return this.byId.size;
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    for (const id of [...this.byId.keys()]) this.close(id);
  }

  private alive(id: string): Held | undefined {
    const held = this.byId.get(id);
    if (held && this.now() - held.usedAt <= this.config.grantIdleMinutes * 60_000) return held;
    if (held) this.close(id);
    return undefined;
  }

  private makeRoom(sessionId: string): void {
    const mine = [...this.byId.values()].filter(({ grant }) => grant.sessionId === sessionId);
    mine.sort((one, other) => one.usedAt - other.usedAt);
    for (const { grant } of mine.slice(0, Math.max(0, mine.length + 1 - this.config.grantsPerSessionMax))) {
      this.close(grant.id);
    }
  }

  private sweep(): void {
    for (const id of [...this.byId.keys()]) this.alive(id);
  }
}

function listsImage({ sources }: ViewerGrant, uid: string): boolean {
  return [...sources.values()].some(({ study }) =>
    study.series.some(({ instances }) => instances.some(({ sopInstanceUid }) => sopInstanceUid === uid)),
  );
}

const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/** Two manifests of one patient: the same INS, or without an INS all the traits. */
function isSamePatient(one: ViewerPatient, other: ViewerPatient): boolean {
  if (one.matricule && other.matricule) return one.matricule === other.matricule && one.oid === other.oid;
  const traits = (patient: ViewerPatient) =>
    [patient.birthFamilyName, patient.firstGivenName, patient.birthDate, patient.gender].join('\n').toUpperCase();
  return traits(one) === traits(other);
}
