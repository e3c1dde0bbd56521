/*
 * The service inside the lab's guest. Its answers depend on state that lives only in the guest's memory, so an outside
 * client sees at once whether a takeover went back in time, skipped, or lost a connection.
 *
 *   TCP 7000  echo     for every line received on a connection, answers the next number of that connection: 1, 2, 3, ...
 *   TCP 7001  tick     sends a numbered line every 50 ms
 *   TCP 7002  control  one line, answered by "ok" or "error": "busy PAGES MICROSECONDS" dirties PAGES pages of 4096 bytes
 *                      over and over and sleeps that long after every 64th; "pour KIB MICROSECONDS" overwrites so many KiB of
 *                      the file /d/poured, past the page cache, and waits for the disk, once in that time or as often as the
 *                      disk has it; "busy PAGES MICROSECONDS pour KIB MICROSECONDS" does both; "idle" ends all
 *   TCP 7003  records  sends the number of each record that the disk has, beginning with the next one after the connection
 *                      was made; only if there is /d
 *   TCP 7004  store    see store.c
 *   TCP 7005  front
 *
 * A record is 64 bytes of the file /d/records: its number, counted from 1; a number computed from it; 48 letters of one kind. Each
 * is written, and told when fsync() has returned. When the guest boots it reads what is there and goes on behind it.
 *
 * One loop serves all connections, so a thousand of them cost a thousand sockets and not a thousand processes; only the
 * loads and the writer of records are processes of their own. It is process 1 of the guest.
 */
#define _GNU_SOURCE
#include "guestd.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ECHO_PORT = 7000, TICK_PORT = 7001, CONTROL_PORT = 7002, RECORDS_PORT = 7003, STORE_PORT = 7004, FRONT_PORT = 7005 };
enum { RECORD_NAP_MICROSECONDS = 2000, POURED_BYTES = 32 << 20, RANDOM_BYTES = (4 << 20) + 509 * 512 };
enum { NANOSECONDS = 1000 * 1000 * 1000 };
enum { PAGE_BYTES = 4096, PAGES_PER_NAP = 64, TICK_NANOSECONDS = 50 * 1000 * 1000, EVENTS = 64 };

struct record {
    uint64_t number;
    uint64_t computed;
    char letters[48];
};

struct file files[MAX_FD];

static int events_fd;
static int highest_fd;
static pid_t busy_pid;         /* the process that dirties memory, 0 if there is none */
static pid_t pour_pid;         /* the process that dirties the disk, 0 if there is none */
static unsigned long recorded; /* records that the disk has */

static void fail(const char *what) {
    printf("GUEST-FAILED %s: %s\n", what, strerror(errno));
    fflush(stdout);
    for (;;) {
        pause(); /* process 1 must not end: the kernel would panic and hide the line above */
    }
}

static void watch_for(uint32_t what, int fd, enum kind kind, int port) {
    struct epoll_event event = {.events = what, .data.fd = fd};
    if (fd < 0 || fd >= MAX_FD || epoll_ctl(events_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        fail("watch");
    }
    files[fd].kind = kind;
    files[fd].port = port;
    files[fd].number = 0;
    highest_fd = fd > highest_fd ? fd : highest_fd;
}

void watch(int fd, enum kind kind, int port) {
    watch_for(EPOLLIN, fd, kind, port);
}

void watch_begun(int fd, enum kind kind) {
    watch_for(EPOLLOUT, fd, kind, 0);
}

void watch_made(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(events_fd, EPOLL_CTL_MOD, fd, &event) < 0) {
        fail("watch");
    }
}

void drop(int fd) {
    if (files[fd].kind == FRONT) {
        forget_question(fd);
    }
    files[fd].kind = FREE;
    close(fd);
}

ssize_t receive(int fd, char *bytes, size_t room) {
    ssize_t length = read(fd, bytes, room);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    if (length <= 0) {
        drop(fd);
        return -1;
    }
    return length;
}

static void listen_on(int port) {
    /* takes IPv4 as well: Linux binds to both unless it is told otherwise */
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1024) < 0) {
        fail("listen");
    }
    watch(fd, LISTENER, port);
}

static void start_ticking(void) {
    struct itimerspec period = {.it_interval.tv_nsec = TICK_NANOSECONDS, .it_value.tv_nsec = TICK_NANOSECONDS};
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    if (fd < 0 || timerfd_settime(fd, 0, &period, NULL) < 0) {
        fail("timer");
    }
    watch(fd, TIMER, 0);
}

static enum kind kind_at(int port) {
    switch (port) {
    case ECHO_PORT:
        return ECHO;
    case TICK_PORT:
        return TICK;
    case RECORDS_PORT:
        return RECORDS;
    case STORE_PORT:
        return STORE;
    case FRONT_PORT:
        return FRONT;
    default:
        return CONTROL;
    }
}

static void accept_on(int listener, int port) {
    int on = 1;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) {
        return; /* the peer gave up meanwhile */
    }
    if (fd >= MAX_FD) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(fd, kind_at(port), port);
    if (port == RECORDS_PORT) {
        files[fd].number = recorded;
    }
}

/* Sends the connection's next number. A number that did not fit is not used up, so what arrives stays contiguous. */
static void send_next(int fd) {
    char line[24];
    int length = snprintf(line, sizeof line, "%lu\n", files[fd].number + 1);
    ssize_t sent = write(fd, line, length);
    if (sent == length) {
        files[fd].number++;
    } else if (sent >= 0 || errno != EAGAIN) {
        drop(fd); /* gone, or stuck in the middle of a line */
    }
}

static void echo(int fd) {
    char bytes[4096];
    ssize_t length = receive(fd, bytes, sizeof bytes);
    for (ssize_t i = 0; i < length && files[fd].kind == ECHO; i++) {
        if (bytes[i] == '\n') {
            send_next(fd);
        }
    }
}

static void tick(int timer) {
    uint64_t periods;
    if (read(timer, &periods, sizeof periods) != sizeof periods) {
        return;
    }
    for (int fd = 0; fd <= highest_fd; fd++) {
        if (files[fd].kind == TICK) {
            send_next(fd);
        }
    }
}

static void nap(long microseconds) {
    struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
    nanosleep(&time, NULL);
}

static void dirty_pages(int pages, long nap_microseconds) {
    size_t bytes = (size_t)pages * PAGE_BYTES;
    unsigned char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        _exit(1);
    }
    for (unsigned long round = 1;; round++) {
        for (int page = 0; page < pages; page++) {
            /* another word of the page each round, and never the same content twice */
            unsigned long *words = (unsigned long *)(memory + (size_t)page * PAGE_BYTES);
            words[round % (PAGE_BYTES / sizeof *words)] = (round * pages + page) * 2654435761UL;
            if (page % PAGES_PER_NAP == PAGES_PER_NAP - 1) {
                nap(nap_microseconds);
            }
        }
        nap(nap_microseconds);
    }
}

static void *random_bytes(size_t bytes) {
    uint64_t *words = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t word = 88172645463325252UL;
    if (words == MAP_FAILED) {
        _exit(1);
    }
    for (size_t i = 0; i < bytes / sizeof *words; i++) {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        words[i] = word;
    }
    return words;
}

/* Waits for the next time, a period after the last one. Who is late hurries, but makes up for no more than a second. */
static void await(struct timespec *due, long period_microseconds) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (due->tv_sec < now.tv_sec - 1) {
        *due = now;
    }
    due->tv_nsec += period_microseconds % 1000000 * 1000;
    due->tv_sec += period_microseconds / 1000000 + due->tv_nsec / NANOSECONDS;
    due->tv_nsec %= NANOSECONDS;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, due, NULL);
}

/*
 * What is written is a window of random bytes, which are made once, as they would cost the emulated processor more than the writing; it
 * begins elsewhere each time, and at another place of them when the same block is written again.
 */
static void pour(int kibibytes, long period_microseconds) {
    size_t bytes = (size_t)kibibytes << 10;
    size_t places = RANDOM_BYTES - bytes % (4 << 20);
    const char *content = random_bytes(places + bytes);
    int fd = open("/d/poured", O_RDWR | O_CREAT | O_CLOEXEC | O_DIRECT, 0644);
    off_t at = 0;
    struct timespec due;
    if (fd < 0) {
        _exit(1);
    }
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (unsigned long round = 0;; round++) {
        if (pwrite(fd, content + round * bytes % places, bytes, at) != (ssize_t)bytes || fdatasync(fd) < 0) {
            printf("GUEST-FAILED pour: %s\n", strerror(errno));
            fflush(stdout);
            _exit(1);
        }
        at = at + 2 * bytes > POURED_BYTES ? 0 : at + bytes;
        await(&due, period_microseconds);
    }
}

static void end_load(pid_t *load) {
    if (*load > 0) {
        kill(*load, SIGKILL);
        waitpid(*load, NULL, 0);
        *load = 0;
    }
}

static pid_t start_load(void (*work)(int, long), int size, long microseconds) {
    pid_t load = fork();
    if (load == 0) {
        for (int fd = 3; fd <= highest_fd; fd++) {
            close(fd);
        }
        work(size, microseconds);
    }
    return load;
}

static const char *change_load(const char *line) {
    int pages, kibibytes;
    long nap, period;
    const char *words = strstr(line, "pour ");
    int busy = sscanf(line, "busy %d %ld", &pages, &nap) == 2 && pages > 0 && nap >= 0;
    int pouring = words != NULL && (words == line || busy) && sscanf(words, "pour %d %ld", &kibibytes, &period) == 2 &&
                  kibibytes > 0 && kibibytes <= POURED_BYTES >> 10 && period >= 0;
    if (words != NULL ? !pouring : !busy && strncmp(line, "idle", 4) != 0) {
        return "error\n";
    }
    end_load(&busy_pid);
    end_load(&pour_pid);
    busy_pid = busy ? start_load(dirty_pages, pages, nap) : 0;
    pour_pid = pouring ? start_load(pour, kibibytes, period) : 0;
    return busy_pid < 0 || pour_pid < 0 ? "error\n" : "ok\n";
}

static void control(int fd) {
    char line[128];
    ssize_t length = receive(fd, line, sizeof line - 1);
    if (length > 0) {
        line[length] = 0;
        const char *answer = change_load(line);
        if (write(fd, answer, strlen(answer)) < 0) {
            printf("GUEST-FAILED control: %s\n", strerror(errno));
        }
        drop(fd);
    }
}

static struct record record_of(unsigned long number) {
    struct record record = {.number = number, .computed = number * 0x9E3779B97F4A7C15UL + 1};
    memset(record.letters, 'a' + (int)(number % 26), sizeof record.letters);
    return record;
}

/* Reads the records that an earlier life has written. What is behind the last whole one was never told. */
static unsigned long read_records(int fd) {
    struct record found, due;
    for (unsigned long number = 1;; number++) {
        ssize_t length = pread(fd, &found, sizeof found, (off_t)(number - 1) * sizeof found);
        if (length < 0) {
            fail("reading records");
        }
        if (length < (ssize_t)sizeof found) {
            return number - 1;
        }
        due = record_of(number);
        if (memcmp(&found, &due, sizeof due) != 0) {
            printf("GUEST-FAILED record %lu is not what was written\n", number);
            fflush(stdout);
        }
    }
}

/* Never ends, and tells nothing more once the disk has failed: what is not there must not be told. */
static void write_records(int fd, int told) {
    for (unsigned long number = recorded + 1;; number++) {
        struct record record = record_of(number);
        if (pwrite(fd, &record, sizeof record, (off_t)(number - 1) * sizeof record) != sizeof record || fsync(fd) < 0) {
            fail("writing a record");
        }
        if (write(told, &number, sizeof number) != sizeof number) {
            fail("telling a record");
        }
        nap(RECORD_NAP_MICROSECONDS);
    }
}

static void start_records(void) {
    int told[2];
    int fd = open("/d/records", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || pipe2(told, O_CLOEXEC) < 0) {
        fail("records");
    }
    recorded = read_records(fd);
    printf("GUEST-RECORDS %lu\n", recorded);
    fflush(stdout);
    pid_t writer = fork();
    if (writer < 0) {
        fail("records");
    }
    if (writer == 0) {
        write_records(fd, told[1]);
    }
    close(fd);
    close(told[1]);
    watch(told[0], WRITER, 0);
    listen_on(RECORDS_PORT);
}

/* Tells every connection what it has not heard of yet; one that takes no more for now is told with the next record. */
static void tell_records(int writer) {
    unsigned long numbers[64];
    ssize_t length = read(writer, numbers, sizeof numbers);
    if (length < (ssize_t)sizeof *numbers) {
        fail("the writer of records");
    }
    recorded = numbers[length / sizeof *numbers - 1];
    for (int fd = 0; fd <= highest_fd; fd++) {
        unsigned long before = recorded;
        while (files[fd].kind == RECORDS && files[fd].number < recorded && files[fd].number != before) {
            before = files[fd].number;
            send_next(fd);
        }
    }
}

static void dispatch(int fd) {
    switch (files[fd].kind) {
    case LISTENER:
        accept_on(fd, files[fd].port);
        break;
    case TIMER:
        tick(fd);
        break;
    case ECHO:
        echo(fd);
        break;
    case WRITER:
        tell_records(fd);
        break;
    case RECORDS:
    case TICK: {
        char ignored[256]; /* such a client has nothing to say; this finds out that it has gone */
        receive(fd, ignored, sizeof ignored);
        break;
    }
    case CONTROL:
        control(fd);
        break;
    case STORE:
        serve_from_store(fd);
        break;
    case FRONT:
        ask_store(fd);
        break;
    case ASKED:
        pass_on_answers(fd);
        break;
    case FREE:
        break; /* dropped earlier in this round */
    }
}

int main(void) {
    struct epoll_event events[EVENTS];
    struct stat disk;
    signal(SIGPIPE, SIG_IGN);
    events_fd = epoll_create1(EPOLL_CLOEXEC);
    listen_on(ECHO_PORT);
    listen_on(TICK_PORT);
    listen_on(CONTROL_PORT);
    listen_on(STORE_PORT);
    if (getenv("STORE") != NULL) {
        listen_on(FRONT_PORT);
    }
    start_ticking();
    if (stat("/d", &disk) == 0) {
        start_records();
    }
    printf("GUEST-SERVING\n");
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(events_fd, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            dispatch(events[i].data.fd);
        }
    }
}
