import { Injectable } from '@nestjs/common';
import { ACTION, dmpStatusRequest, formatDtm, readDmpStatusResponse, type DmpStatus } from '../../standards/xds';
import { DmpExchange, type DmpCaller } from './dmp-exchange';
import type { DmpOutcome } from './dmp-outcome';

/** TD0.2: does the patient have a DMP, and may this professional read it? Gives no identity trait (rule RG_0320). */
@Injectable()
export class DmpStatusClient {
  constructor(private readonly exchange: DmpExchange) {}

  async send(request: { caller: DmpCaller; signal?: AbortSignal }): Promise<DmpOutcome<DmpStatus>> {
    const { moment, config } = this.exchange;
    const body = dmpStatusRequest({
      ins: request.caller.ins,
      messageId: moment.uuid(),
      queryId: moment.uuid(),
      creationTime: formatDtm(moment.now()),
      senderOid: config.sourceOid,
      processingCode: config.processingCode,
    });
    return this.exchange.call(
      {
        caller: request.caller,
        mode: 'INDIRECTE_RENFORCEE',
        service: 'patients',
        action: ACTION.patientDemographics,
        body,
        audit: 'dmp.status',
        signal: request.signal,
      },
      (answer): DmpOutcome<DmpStatus> => {
        const reading = readDmpStatusResponse(answer.body);
        if (!reading.ok) return { kind: 'malformed', detail: reading.reason };
        if (reading.acknowledgement === 'AA') return { kind: 'accepted', value: reading.status, warnings: [] };
        return { kind: 'refused', code: reading.detail || reading.acknowledgement, text: '', errors: [] };
      },
    );
  }
}
