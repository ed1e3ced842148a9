import { Module } from '@nestjs/common';
import { AtnaService } from './atna.service';

@Module({ providers: [AtnaService] })
export class AtnaModule {}
