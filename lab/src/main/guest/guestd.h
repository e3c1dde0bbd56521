/* What the parts of the guest's service share: its connections, by file descriptor, in one loop. */
#ifndef GUESTD_H
#define GUESTD_H

#include <sys/types.h>

enum { MAX_FD = 4096 };

enum kind { FREE, LISTENER, TIMER, ECHO, TICK, CONTROL, RECORDS, WRITER, STORE, FRONT, ASKED };

struct file {
    enum kind kind;
    int port;             /* LISTENER: the port it accepts on */
    unsigned long number; /* ECHO, TICK, RECORDS, FRONT: the last number sent; STORE: the questions counted; ASKED: the answers */
};

extern struct file files[MAX_FD]; /* by file descriptor */

/* Has the loop tell of what comes in. */
void watch(int fd, enum kind kind, int port);

/* Has the loop tell of a connection that begins when it is made, or refused; then, of what comes in. */
void watch_begun(int fd, enum kind kind);
void watch_made(int fd);

void drop(int fd);

/*
 * Reads what has come. An event may be that of a connection which was dropped earlier in the same round, and whose number a new one
 * has by now: nothing has come on that one yet.
 *
 * Returns the bytes read, 0 if there are none yet, and -1 when the connection has ended; it is dropped then.
 */
ssize_t receive(int fd, char *bytes, size_t room);

/* store.c */
void serve_from_store(int fd);
void ask_store(int fd);
void pass_on_answers(int fd);
void forget_question(int fd);

#endif
