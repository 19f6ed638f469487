/*
 * Rows of changed_customers that are no customers. Facts leave their customer there, in their own transaction, for
 * deriving; that moves the version of the data, by which polls know that nothing has changed.
 */
#ifndef CICLO_SRC_API_CHANGED_H
#define CICLO_SRC_API_CHANGED_H

/* The settings: derived rows of everybody may come out differently. */
#define CHANGED_EVERYBODY "00000000-0000-0000-0000-000000000000"
/* Facts without a customer: nothing is derived of them, only the version moves. */
#define CHANGED_NOBODY "ffffffff-ffff-ffff-ffff-ffffffffffff"

#endif
