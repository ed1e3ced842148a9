import { Global, Module } from '@nestjs/common';
import { ClockWatch } from './clock-watch';
import { ClockHealth } from './clock.health';
import { DiskHealth } from './disk.health';

/** What the machine itself owes us: room on the disk, a right clock. */
@Global()
@Module({ providers: [ClockWatch, ClockHealth, DiskHealth], exports: [ClockWatch] })
export class SupervisionModule {}
