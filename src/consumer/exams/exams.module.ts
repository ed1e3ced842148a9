import { Module } from '@nestjs/common';
import { DmpModule } from '../../connectors/dmp';
import { ContextModule } from '../context';
import { ExamDocuments } from './documents/exam-documents.service';
import { ExamLists } from './list/exam-list.service';
import { ExamSelection } from './manifests/exam-selection.service';
import { ExamReports } from './reports/exam-reports.service';
import { ExamUploads } from './upload/exam-uploads.service';
import { UploadRepository } from './upload/upload.repository';

@Module({
  imports: [ContextModule, DmpModule],
  providers: [ExamDocuments, ExamLists, ExamReports, ExamSelection, ExamUploads, UploadRepository],
  exports: [ContextModule, ExamDocuments, ExamLists, ExamReports, ExamSelection, ExamUploads],
})
export class ExamsModule {}
