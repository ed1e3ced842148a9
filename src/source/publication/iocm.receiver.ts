import { Injectable, OnModuleInit } from '@nestjs/common';
import { DataSource, EntityManager } from 'typeorm';
import { AuditTrail } from '../../audit';
import { DimseListener, StoreHandler, StoreRequest, StoreTarget } from '../../connectors/pacs';
import { describeCause } from '../../platform/errors';
import { Logger, newCorrelationId, runWithCorrelation } from '../../platform/logging';
import { dimseStatus } from '../../standards/dimse';
import {
  isManifestTitle,
  isRejectionTitle,
  keyObjectSelectionClass,
  Manifest,
  readKeyObject,
} from '../../standards/manifest';
import { ManifestArchive } from '../archive';
import { PublicationRepository } from './store/publication.repository';
import { RejectionNotes } from './store/rejection-notes';

const noteBytesMax = 16_777_216;

/**
 * Key objects that a PACS pushes to us: a rejection note (IOCM) is kept and its studies are read again; key images make them
 * be read again too. The answer is given once that is durable.
 */
@Injectable()
export class IocmReceiver implements StoreHandler, OnModuleInit {
  readonly name = 'rejection-notes';
  private readonly logger = new Logger('publication');

  constructor(
    private readonly dataSource: DataSource,
    private readonly listener: DimseListener,
    private readonly notes: RejectionNotes,
    private readonly publications: PublicationRepository,
    private readonly archive: ManifestArchive,
    private readonly trail: AuditTrail,
  ) {}

  onModuleInit(): void {
    this.listener.handlers.register(this);
  }

  open(request: StoreRequest): StoreTarget | number | undefined {
    if (request.sopClassUid !== keyObjectSelectionClass || request.moveOriginatorMessageId !== undefined)
      return undefined;
    const chunks: Buffer[] = [];
    let size = 0;
    return {
      write: (piece) => {
        size += piece.length;
        if (size <= noteBytesMax) chunks.push(piece);
        return true;
      },
      drained: () => Promise.resolve(),
      end: () => {
        if (size > noteBytesMax) return dimseStatus.outOfResources;
        const bytes = Buffer.concat(chunks);
        return runWithCorrelation(newCorrelationId(), () => this.receive(bytes, request.callingAeTitle));
      },
      cut: () => void chunks.splice(0),
    };
  }

  /** Reads and keeps one key object; answers the DIMSE status. */
  async receive(bytes: Buffer, callingAeTitle: string): Promise<number> {
    const read = readKeyObject(bytes);
    if (!read.ok) {
      this.logger.warn({ callingAeTitle, reason: read.reason, detail: read.detail }, 'a key object cannot be read');
      return dimseStatus.cannotUnderstand;
    }
    if (isManifestTitle(read.manifest.title)) return dimseStatus.notAuthorized;
    try {
      await this.keep(read.manifest, callingAeTitle);
      return dimseStatus.success;
    } catch (error) {
      this.logger.error({ callingAeTitle, cause: describeCause(error) }, 'a key object could not be kept');
      return dimseStatus.outOfResources;
    }
  }

  private async keep(note: Manifest, callingAeTitle: string): Promise<void> {
    const rejected = note.studies.map(({ studyInstanceUid, series }) => ({
      studyInstanceUid,
      sopInstanceUids: series.flatMap(({ instances }) => instances.map(({ sopInstanceUid }) => sopInstanceUid)),
    }));
    const studies = rejected.map(({ studyInstanceUid }) => studyInstanceUid).sort();
    const { sopInstanceUid, title } = note;
    const isRejection = isRejectionTitle(title);
    await this.dataSource.transaction(async (manager) => {
      for (const study of studies) await this.publications.lockStudy(study, manager);
      if (isRejection) {
        const isNew = await this.notes.keep(
          { sopInstanceUid, titleCode: title.value, rejected, callingAeTitle },
          manager,
        );
        if (!isNew) return;
      }
      for (const study of studies) {
        if (!(await this.isOurs(study, manager))) continue;
        await this.publications.insert(
          {
            studyInstanceUid: study,
            kind: 'study-change',
            trigger: 'rejection-note',
            request: { type: 'study-change', cancelled: false, noteSopInstanceUid: sopInstanceUid },
            correlationId: newCorrelationId(),
            messageControlId: '',
            receivedAt: new Date(),
            accessionNumbers: [],
            searchText: callingAeTitle.toLowerCase(),
            delayMs: 0,
          },
          manager,
        );
      }
      for (const { studyInstanceUid, sopInstanceUids } of isRejection ? rejected : []) {
        await this.trail.record(
          {
            kind: 'publication.rejection-note',
            outcome: 'success',
            actor: { peer: callingAeTitle },
            studyInstanceUid,
            documentUniqueId: sopInstanceUid,
            instances: sopInstanceUids.length,
            facts: { titleCode: title.value },
          },
          manager,
        );
      }
    });
    this.logger.info({ callingAeTitle, titleCode: title.value, studies: studies.length }, 'a key object was received');
  }

  /** A study that was never to be published is none of our business. */
  private async isOurs(studyInstanceUid: string, manager: EntityManager): Promise<boolean> {
    if (await this.archive.current(studyInstanceUid, manager)) return true;
    return this.publications.ofStudy.hasActive(studyInstanceUid, manager);
  }
}
