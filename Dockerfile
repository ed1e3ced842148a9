# Two stages: compile, then only what runs. Non-root, no shell needed, root file system may be read-only (data in /data).
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
# The build goes on without the viewer where npm cannot be reached; an image does not.
RUN npm run build && test -f dist/viewer-web/prepared.json && npm prune --omit=dev

FROM node:22-bookworm-slim
# A container's own loopback is of use to nobody; the internal listener (health, metrics) stays there.
ENV NODE_ENV=production DRIMBOX_DATA_DIR=/data \
    DRIMBOX_EXCHANGE_HOST=0.0.0.0 DRIMBOX_PORTAL_HOST=0.0.0.0 DRIMBOX_HL7_HOST=0.0.0.0 DRIMBOX_DICOM_HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/bin ./bin
COPY --from=build /app/dist/src ./dist/src
COPY --from=build /app/dist/viewer-web ./dist/viewer-web
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
# Portal, exchange, HL7 in clear text, HL7 over TLS, DICOM.
EXPOSE 8440 8441 8442 8443 11112
HEALTHCHECK --interval=15s --timeout=5s CMD ["node", "-e", "fetch('http://127.0.0.1:8449/health').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js"]
