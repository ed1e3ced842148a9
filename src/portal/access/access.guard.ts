import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
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
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const kinds = this.reflector.getAllAndOverride<AccessKind[] | undefined>(ACCESS_METADATA, [
      context.getHandler(),
      context.getClass(),
    ]);
    const user = userOf(context.switchToHttp().getRequest<Request>());
    if (kinds && mayEnter(kinds, user)) return true;
    throw new GatewayError(kinds && !user ? portalErrors.loginRequired : platformErrors.forbidden);
  }
}
