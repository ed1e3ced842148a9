import { DynamicModule, Module, Type } from '@nestjs/common';
import { ExamsModule } from '../../consumer/exams';
import { TransferModule } from '../../consumer/transfer';
import { PortalModule } from '../portal.module';
import { ArchiveController } from './archive/archive.controller';
import { ContextualCallController } from './contextual-call.controller';
import { ExamDocumentsController } from './exam-documents.controller';
import { ExamsController } from './exams.controller';
import { ImportChoiceController } from './imports/import-choice.controller';
import { ImportRequests } from './imports/import-requests';
import { ImportsController } from './imports/imports.controller';
import { OpenPatientsController } from './patients/open-patients.controller';
import { PatientAccess } from './patient-access';

/** Pages of the consumer: contextual call, exams, reports. */
@Module({
  imports: [PortalModule, ExamsModule, TransferModule],
  controllers: [
    ContextualCallController,
    ExamsController,
    ExamDocumentsController,
    ImportChoiceController,
    ImportsController,
    ArchiveController,
    OpenPatientsController,
  ],
  providers: [ImportRequests, PatientAccess],
})
export class ExamsPortalModule {
  /** @param images module that exports an `ExamImages`: what opens the images of an exam. Without it only reports are shown. */
  static withImages(images: Type | DynamicModule): DynamicModule {
    return { module: ExamsPortalModule, imports: [images] };
  }
}
