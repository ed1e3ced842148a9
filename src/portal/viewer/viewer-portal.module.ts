import { Module } from '@nestjs/common';
import { ViewerModule } from '../../viewer';
import { PortalModule } from '../portal.module';
import { InvokeController } from './invoke.controller';
import { ViewerController } from './viewer.controller';

/** Pages of the viewer, and the link of a report. */
@Module({ imports: [PortalModule, ViewerModule], controllers: [ViewerController, InvokeController] })
export class ViewerPortalModule {}
