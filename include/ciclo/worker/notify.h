/*
 * Tells a service manager what the process does (sd_notify(3)): "READY=1", "STOPPING=1". Without one ($NOTIFY_SOCKET) of no
 * effect.
 */
#ifndef CICLO_WORKER_NOTIFY_H
#define CICLO_WORKER_NOTIFY_H

void notify_manager(const char *state);

#endif
