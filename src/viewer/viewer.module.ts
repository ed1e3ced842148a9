import { Injectable, Module, OnModuleInit } from '@nestjs/common';
import { PacsModule } from '../connectors/pacs';
import type { ConfigOf } from '../platform/config';
import { HealthFinding, HealthRegistry } from '../platform/health';
import { TranscodingModule } from '../platform/transcoding';
import { ArchiveModule } from '../source/archive';
import { ViewerFacade } from './dicomweb/facade';
import { ViewerGrants } from './grants/viewer-grants';
import { PendingInvokes } from './invoke/pending-invokes';
import { LocalStudies } from './local/local-studies';
import { ViewerFiles } from './ohif/viewer-files';
import { Pictures } from './preview/pictures';
import { ViewerOpening } from './viewer-opening';
import { viewerConfig } from './viewer.config';

@Injectable()
class ViewerHealth implements OnModuleInit {
  constructor(
    private readonly health: HealthRegistry,
    private readonly files: ViewerFiles,
  ) {}

  onModuleInit(): void {
    this.health.register({ name: 'viewer', critical: false, check: () => Promise.resolve(this.finding()) });
  }

  private finding(): HealthFinding {
    if (this.files.isInstalled) return { level: 'up', summary: 'La visionneuse est installée.' };
    const advice =
      'Lancer `node scripts/prepare-ohif.mjs` là où le registre npm est joignable, ou régler DRIMBOX_VIEWER_DIR.';
    return { level: 'warning', summary: "Les fichiers de la visionneuse manquent : elle ne s'ouvre pas.", advice };
  }
}

/** What the browser needs to show images: grants, DICOMweb for the viewer, the viewer's files, links of reports. */
@Module({
  imports: [ArchiveModule, PacsModule, TranscodingModule],
  providers: [
    {
      provide: ViewerGrants,
      useFactory: (config: ConfigOf<typeof viewerConfig>) => new ViewerGrants(config),
      inject: [viewerConfig.token],
    },
    { provide: PendingInvokes, useFactory: () => new PendingInvokes() },
    LocalStudies,
    Pictures,
    ViewerFacade,
    ViewerFiles,
    ViewerOpening,
    ViewerHealth,
  ],
  exports: [ViewerGrants, PendingInvokes, ViewerFacade, ViewerFiles, ViewerOpening],
})
export class ViewerModule {}
