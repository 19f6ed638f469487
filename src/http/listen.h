/*
 * The listening socket.
 */
#ifndef CICLO_HTTP_LISTEN_H
#define CICLO_HTTP_LISTEN_H

#include <sys/socket.h>

#include "ciclo/base/attr.h"

/* A socket with SO_REUSEPORT that listens; -1: said why in the log. */
int listen_open(const struct sockaddr *address, socklen_t len) NODISCARD;
/* The port that fd is bound to, -1 on a fault. */
int listen_port(int fd) NODISCARD;

#endif
