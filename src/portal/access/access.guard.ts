import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { AuditTrail } from '../../audit';
import { GatewayError, platformErrors } from '../../platform/errors';
import { ACCESS_METADATA, AccessKind } from '../../platform/http';
import { portalErrors } from '../portal.errors';
import { PortalUser, userOf } from '../session/portal-user';

function mayEnter(kinds: readonly AccessKind[], user: PortalUser | undefined): boolean {
  if (kinds.includes('public') || kinds.includes('system')) return true;
  if (!user) return false;
  if (kinds.includes('professional') && user.provider === 'psc') return true;
  return user.roles.some((role) => kinds.includes(role));
}

/** Holds every portal route to its declaration; a route that declares nothing is closed. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly audit: AuditTrail,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const kinds = this.reflector.getAllAndOverride<AccessKind[] | undefined>(ACCESS_METADATA, [
      context.getHandler(),
      context.getClass(),
    ]);
    const request = context.switchToHttp().getRequest<Request>();
    const user = userOf(request);
    if (kinds && mayEnter(kinds, user)) return true;
    if (kinds && !user) throw new GatewayError(portalErrors.loginRequired);
    const page = `${context.getClass().name}.${context.getHandler().name}`;
    if (user) await this.record(user, request.ip, page);
    throw new GatewayError(platformErrors.forbidden, { detail: page });
  }

  private record(user: PortalUser, address: string | undefined, page: string): Promise<void> {
    return this.audit.record({
      kind: 'portal.access-refused',
      outcome: 'refused',
      actor: { professionalId: user.id, professionalName: user.name, address },
      errorCode: platformErrors.forbidden.code,
      facts: { page },
    });
  }
}
