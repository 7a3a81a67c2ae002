/* What the kernel takes of anybody who receives: epoll, and recv into one buffer.
   Compiled by bench/traffic/readers.py where gcc is to be had. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

double cpu_seconds(void)
{
    return now(CLOCK_PROCESS_CPUTIME_ID);
}

/* Adds what comes within so many seconds to `come`; ends when all have ended. */
void receive(const int *sockets, int count, double seconds, long long *come)
{
    static char buffer[262144];
    struct epoll_event ready[256];
    int poll = epoll_create1(0), open = 0;
    double end = now(CLOCK_MONOTONIC) + seconds;
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = sockets[i]};
        open += epoll_ctl(poll, EPOLL_CTL_ADD, sockets[i], &event) == 0;
    }
    while (open > 0) {
        double left = end - now(CLOCK_MONOTONIC);
        if (left <= 0)
            break;
        int n = epoll_wait(poll, ready, 256, (int)(left * 1000) + 1);
        for (int i = 0; i < n; i++) {
            ssize_t got = recv(ready[i].data.fd, buffer, sizeof buffer, 0);
            if (got > 0) {
                *come += got;
            } else if (got == 0) {
                epoll_ctl(poll, EPOLL_CTL_DEL, ready[i].data.fd, NULL);
                open--;
            }
        }
    }
    close(poll);
}
