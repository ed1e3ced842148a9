import { Module } from '@nestjs/common';
import { ViewerModule } from '../../viewer';
import { InvokeController } from './invoke.controller';
import { ViewerController } from './viewer.controller';

/** Pages of the viewer, and the link of a report. */
@Module({ imports: [ViewerModule], controllers: [ViewerController, InvokeController] })
export class ViewerPortalModule {}
