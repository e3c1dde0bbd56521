/*
 * A store, and front ends that ask it for every answer: guests that talk to each other.
 *
 *   TCP 7004  store  for every '+' received counts one, and answers "VALUE COUNT": all that it has counted, and those of this
 *                    connection; for every '?' the same without counting
 *   TCP 7005  front  only where the environment has STORE, a store's IPv4 address: for every line received on a connection asks the
 *                    store, and answers "NUMBER VALUE": the next number of this connection, as TCP 7000 does, and the store's value
 *
 * A front end has one connection to the store, which it makes with the first question and keeps. It counts the answers itself. Where
 * the store's COUNT is another, one of the two has gone back in time, or skipped; where the connection ends, it was lost. In both cases
 * it says so, and all its clients' connections end.
 */
#define _GNU_SOURCE
#include "guestd.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STORE_PORT = 7004, MAX_WAITING = 1024, LINE_BYTES = 64, FORGOTTEN = -1 };

static unsigned long counted; /* of all connections: the store's value */

static int asked_fd = -1;        /* the connection to the store */
static int made;                 /* whether it is made */
static int waiting[MAX_WAITING]; /* a ring: who waits for the next answers */
static int first_waiting;
static int waiting_count;
static int unsent;             /* questions from before the connection was made */
static char line[LINE_BYTES];  /* what has come of the next answer */
static int line_length;

/* A client that takes no more is in the middle of a line, or gone. */
static void send_line(int fd, unsigned long one, unsigned long other) {
    char text[LINE_BYTES];
    int length = snprintf(text, sizeof text, "%lu %lu\n", one, other);
    if (write(fd, text, length) != length) {
        drop(fd);
    }
}

void serve_from_store(int fd) {
    char bytes[4096];
    ssize_t length = receive(fd, bytes, sizeof bytes);
    for (ssize_t i = 0; i < length && files[fd].kind == STORE; i++) {
        if (bytes[i] == '+') {
            counted++;
            files[fd].number++;
        }
        if (bytes[i] == '+' || bytes[i] == '?') {
            send_line(fd, counted, files[fd].number);
        }
    }
}

static void give_up(const char *why) {
    printf("GUEST-FAILED front: %s\n", why);
    fflush(stdout);
    if (asked_fd >= 0 && files[asked_fd].kind == ASKED) {
        drop(asked_fd);
    }
    asked_fd = -1;
    waiting_count = 0;
    line_length = 0;
    for (int fd = 0; fd < MAX_FD; fd++) {
        if (files[fd].kind == FRONT) {
            drop(fd);
        }
    }
}

static void connect_to_store(void) {
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(STORE_PORT)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || inet_pton(AF_INET, getenv("STORE"), &address.sin_addr) != 1) {
        give_up("no address of a store");
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) {
        give_up(strerror(errno));
        close(fd);
        return;
    }
    asked_fd = fd;
    made = 0;
    unsent = 0;
    watch_begun(fd, ASKED);
}

static void send_questions(int count) {
    char bytes[MAX_WAITING];
    memset(bytes, '+', count);
    if (write(asked_fd, bytes, count) != count) {
        give_up("the store takes no questions");
    }
}

static void finish_connection(void) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(asked_fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        give_up(strerror(error));
        return;
    }
    made = 1;
    watch_made(asked_fd);
    send_questions(unsent);
}

void ask_store(int fd) {
    char bytes[4096];
    ssize_t length = receive(fd, bytes, sizeof bytes);
    for (ssize_t i = 0; i < length && files[fd].kind == FRONT; i++) {
        if (bytes[i] != '\n') {
            continue;
        }
        if (waiting_count == MAX_WAITING) {
            drop(fd);
            return;
        }
        if (asked_fd < 0) {
            connect_to_store();
            if (asked_fd < 0) {
                return;
            }
        }
        waiting[(first_waiting + waiting_count++) % MAX_WAITING] = fd;
        if (made) {
            send_questions(1);
        } else {
            unsent++;
        }
    }
}

static void pass_on(unsigned long value, unsigned long count) {
    int fd = waiting[first_waiting];
    if (waiting_count == 0 || count != ++files[asked_fd].number) {
        printf("GUEST-FAILED front: %lu answers, and the store has counted %lu\n", files[asked_fd].number, count);
        give_up("it and the store do not agree");
        return;
    }
    first_waiting = (first_waiting + 1) % MAX_WAITING;
    waiting_count--;
    if (fd != FORGOTTEN) {
        send_line(fd, ++files[fd].number, value);
    }
}

void pass_on_answers(int fd) {
    char bytes[4096];
    unsigned long value, count;
    if (!made) {
        finish_connection();
        return;
    }
    ssize_t length = receive(fd, bytes, sizeof bytes);
    if (length < 0) {
        give_up("the store's connection has ended");
        return;
    }
    for (ssize_t i = 0; i < length && asked_fd == fd; i++) {
        line[line_length++] = bytes[i];
        if (bytes[i] != '\n' && line_length < LINE_BYTES) {
            continue;
        }
        line[line_length - 1] = 0;
        line_length = 0;
        if (sscanf(line, "%lu %lu", &value, &count) != 2) {
            give_up("no answer of a store's");
            return;
        }
        pass_on(value, count);
    }
}

/* Its client is gone: the answer that it waits for is told to nobody, nor to the next one with this number. */
void forget_question(int fd) {
    for (int i = 0; i < waiting_count; i++) {
        int *one = &waiting[(first_waiting + i) % MAX_WAITING];
        *one = *one == fd ? FORGOTTEN : *one;
    }
}
