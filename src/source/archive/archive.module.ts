import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ManifestArchive } from './manifest-archive';
import { ManifestRecord } from './manifest-record.entity';

@Module({
  imports: [TypeOrmModule.forFeature([ManifestRecord])],
  providers: [ManifestArchive],
  exports: [ManifestArchive],
})
export class ArchiveModule {}
