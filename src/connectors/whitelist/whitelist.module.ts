import { Global, Module } from '@nestjs/common';
import { WhitelistService } from './whitelist.service';

/** Configuration, trail, health and keys come from the global modules of the platform. */
@Global()
@Module({ providers: [WhitelistService], exports: [WhitelistService] })
export class WhitelistModule {}
