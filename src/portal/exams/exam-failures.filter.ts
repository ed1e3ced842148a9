import { ArgumentsHost, Catch, ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { dmpErrors } from '../../connectors/dmp';
import { CallRefused, type PatientContext } from '../../consumer/context';
import { examErrors, IdentityDiffers, leavesFiles } from '../../consumer/exams';
import { transferErrors } from '../../consumer/transfer';
import { type ErrorEntry, GatewayError } from '../../platform/errors';
import { logFailure, problemOf } from '../../platform/http';
import { correlationId, Logger, newCorrelationId } from '../../platform/logging';
import { FailureFilter } from '../access/failure.filter';
import { bannerView, differencesView } from './exam-list.view';
import { examMessages as m } from './exams.messages';

/** Failures that end in a page with the patient's banner: what happened, and what can be done. */
const stopping = new Set<string>(
  [
    ...[examErrors.consentMissing, examErrors.recordAbsent, examErrors.recordClosed],
    ...Object.values(dmpErrors),
    ...Object.values(transferErrors),
  ].map(({ code }) => code),
);

/** Failures of the exam pages that want more than the portal's plain page; the rest goes on to the portal's own filter. */
@Catch()
export class ExamFailuresFilter implements ExceptionFilter {
  private readonly logger = new Logger('portal');
  private readonly plain = new FailureFilter();

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const error = GatewayError.of(thrown);
    if (!error || response.headersSent || !this.answer(error, request, response)) this.plain.catch(thrown, host);
  }

  private answer(error: GatewayError, request: Request, response: Response): boolean {
    const wantsPage = request.accepts(['json', 'html']) === 'html';
    const context = response.locals.patientContext as PatientContext | undefined;
    const page = this.pageOf(error, context, wantsPage);
    if (error.entry === examErrors.situationRequired && wantsPage && request.method === 'GET' && context) {
      response.redirect(303, `/dossier/${context.id}/situation`);
      return true;
    }
    if (!page && (wantsPage || !context)) return false;
    const id = correlationId() ?? newCorrelationId();
    logFailure(this.logger, error);
    response.status(error.entry.status).set('X-Correlation-Id', id);
    if (error.retryAfterSeconds !== undefined) response.set('Retry-After', String(Math.ceil(error.retryAfterSeconds)));
    if (wantsPage && page)
      response.render(page.view, { m, correlationId: id, code: error.code, style: 'exams.css', ...page.content });
    else
      response
        .type('application/problem+json')
        .send({ ...problemOf(error.entry, id), message: error.entry.screen, ...page?.content });
    return true;
  }

  private pageOf(error: GatewayError, context: PatientContext | undefined, wantsPage: boolean) {
    const banner = context && wantsPage ? { banner: bannerView(context) } : {};
    if (error instanceof CallRefused) {
      const parameters = error.faults.map(({ parameter, kind, reason }) => ({ name: parameter, fault: kind, reason }));
      const shown = parameters.map(({ name, fault }) => ({ name: name ?? m.unnamed, fault: m.callFaults[fault] }));
      return {
        view: 'exams/call-refused',
        content: wantsPage ? { title: m.callTitle, parameters: shown } : { parameters },
      };
    }
    if (error instanceof IdentityDiffers) {
      const traits = error.differences.map(({ trait }) => trait);
      const content = { title: m.identityDiffers, differences: differencesView(error.differences), ...banner };
      const message = `${examErrors.identityDiffers.screen} (${traits.map((trait) => m.traits[trait]).join(', ')})`;
      return { view: 'exams/differs', content: wantsPage ? content : { traits, message } };
    }
    if (!wantsPage || !stopping.has(error.code)) return undefined;
    return {
      view: 'exams/stopped',
      content: { title: m.stopped, ...banner, ...explanation(error, context), ...filesOf(error, context) },
    };
  }
}

/** A record that is absent or silent leaves the files that a patient brings. */
const filesOf = (error: GatewayError, context: PatientContext | undefined) =>
  context?.consent === 'informed' && leavesFiles(error) ? { after: `/dossier/${context.id}`, script: 'exams.js' } : {};

function explanation(error: GatewayError, context: PatientContext | undefined) {
  const consent = context?.consent;
  if (error.entry === examErrors.consentMissing && consent !== undefined && consent !== 'informed') {
    const words = consent === 'opposed' ? m.opposed : m.notCollected;
    return { heading: words.title, text: words.text, advice: words.advice };
  }
  const mayRetry = error.entry.status >= 500 && context !== undefined;
  const heading = Object.values<ErrorEntry>(transferErrors).includes(error.entry) ? m.transferStopped : m.stopped;
  return { heading, text: error.entry.screen, retryHref: mayRetry ? `/dossier/${context.id}` : undefined };
}
