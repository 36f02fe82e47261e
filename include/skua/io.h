/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input and output: files, sockets, pipes, names, signals and child processes, in calls that look like the system's and
 * block nothing but the task. An echo server for any number of connections, on a few cores:
 *
 *     #include <skua/skua.h>
 *
 *     static void *serve(void *arg)
 *     {
 *         int peer = (int)(intptr_t)arg;
 *         char text[4096];
 *         ptrdiff_t bytes;
 *         while ((bytes = skua_read(peer, text, sizeof text)) > 0)
 *             skua_write_all(peer, text, (size_t)bytes);
 *         skua_close(peer);
 *         return NULL;
 *     }
 *
 *     static void *server(void *listener)
 *     {
 *         int peer;
 *         while ((peer = skua_accept((int)(intptr_t)listener)) >= 0)
 *             skua_drop(skua_async(serve, (void *)(intptr_t)peer));
 *         return NULL;                                // cancelled
 *     }
 *
 *     int main(void)
 *     {
 *         char text[6] = "";
 *         int listener = skua_listen("127.0.0.1", 0, 128);
 *         skua_future *serving = skua_async(server, (void *)(intptr_t)listener);
 *         int fd = skua_dial("127.0.0.1", (unsigned)skua_local_port(listener));
 *         skua_write_all(fd, "hello", 5);             // from main as from any task
 *         skua_read_all(fd, text, 5);
 *         skua_close(fd);
 *         skua_cancel(serving);
 *         skua_await(serving);
 *         skua_close(listener);
 *         return text[0] == 'h' ? 0 : 1;
 *     }
 *
 * SKUA_ON_FD(fd, events) makes a descriptor a case of skua_select (select.h); see skua_case_fd.
 *
 * Not for what blocks by other ways than descriptors, a library's call say: that goes through skua_offload.
 *
 * What holds for all calls, besides what await.h says:
 *     Where        Everything may be called from tasks of both kinds and from plain threads. A task waits as a fiber; a
 *                  plain thread blocks, in the system call or in poll(2).
 *     Results      A value >= 0 as the system's call, or a negative errno. Transfers may be partial, as the system's
 *                  are (skua_read_all and skua_write_all are not). -EINTR is never returned, and SIGPIPE never raised.
 *     Deadlines    The form ..._until gives up at a point in time (await.h) with -ETIMEDOUT; one in the past takes what
 *                  can be had at once.
 *     Cancelling   Every call of a cancelled task that may wait says -ECANCELED, also when it need not wait. A call
 *                  either has done what it says or nothing: what was not read is still there.
 *     Descriptors  are the system's numbers. What is made here is close-on-exec and, unless it is a file, O_NONBLOCK.
 *                  What was made here is closed with skua_close. Others may be used as well: O_NONBLOCK is left as it
 *                  is, and a call waits until the descriptor is ready before it makes the system's; if two tasks then
 *                  want the same byte of a blocking pipe or terminal, one of them may block its worker.
 *     Closing      skua_close ends the waits of other tasks on the descriptor with -EBADF. (A plain thread in poll(2)
 *                  is not woken, as with close.) A number that is in use again is a new descriptor: no wait of the old
 *                  one sees it.
 *     Sharing      Several tasks may wait for one descriptor: all are woken, the first one gets it, the others wait on.
 *     Files        epoll knows no regular files: what is not in the system's cache is read by io_uring, or if that is
 *                  not there by threads of skua_offload's pool. Such an operation is cancelled only if the kernel can;
 *                  the call returns when it has let go of the buffer. With threads, one that has begun is not
 *                  cancelled.
 *     Latency      Beside tasks that compute, an event is noticed within two milliseconds, or eight where the workers
 *                  looked at events by themselves just before or none had come for some time; the woken task goes on
 *                  when a worker next looks around, at a spawn, the end of a task or a wait, and after as long again
 *                  at the latest if its worker's task spawns or loops at all.
 *
 * Environment: SKUA_IO=epoll does without io_uring; SKUA_IO=uring demands it: where it is not to be had, calls for
 * files return its error.
 *
 * Source: one try, then readiness, edge-triggered, as in Go's netpoller (runtime/netpoll.go) and tokio.
 */
#ifndef SKUA_IO_H
#define SKUA_IO_H

#include <skua/select.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sockaddr;
struct addrinfo;

/* --- files --- */

/*
 * Opens a file, as open(2). Close-on-exec always. Something else than a file (a named pipe, a terminal) gets O_NONBLOCK
 * after it is open.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: the descriptor; a negative errno of open(2); -ECANCELED.
 */
int skua_open(const char *path, int flags, unsigned mode);

/*
 * The same until a point in time; -ETIMEDOUT. Call from: anywhere.
 * Where there is no io_uring (skua-info says which is used) and outside of tasks, neither a deadline nor a cancellation
 * ends the wait for the other side of a named pipe; O_NONBLOCK avoids it.
 */
int skua_open_until(const char *path, int flags, unsigned mode, uint64_t deadline_ns);

/*
 * Closes any descriptor, also in a cancelled task.
 *
 * Call from: anywhere. Blocks: nothing but what close(2) does.
 * Returns: 0; -EBADF it is not open; another negative errno of close(2): it is closed all the same.
 * Undefined if: another call for the descriptor begins meanwhile, as with close(2). Those that wait end with -EBADF.
 */
int skua_close(int fd);

/*
 * Reads from a position of a file, as pread(2).
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: bytes read, 0 at the end of the file; a negative errno of pread(2); -ECANCELED.
 */
ptrdiff_t skua_pread(int fd, void *buffer, size_t bytes, int64_t offset);

/* The same until a point in time; -ETIMEDOUT. Call from: anywhere. */
ptrdiff_t skua_pread_until(int fd, void *buffer, size_t bytes, int64_t offset, uint64_t deadline_ns);

/*
 * Writes to a position of a file, as pwrite(2).
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: bytes written; a negative errno of pwrite(2); -ECANCELED.
 */
ptrdiff_t skua_pwrite(int fd, const void *buffer, size_t bytes, int64_t offset);

/* The same until a point in time; -ETIMEDOUT. Call from: anywhere. */
ptrdiff_t skua_pwrite_until(int fd, const void *buffer, size_t bytes, int64_t offset, uint64_t deadline_ns);

/*
 * Waits until what was written to a file is on its disk, as fsync(2).
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: 0; a negative errno of fsync(2); -ECANCELED.
 */
int skua_fsync(int fd);

/* The same until a point in time; -ETIMEDOUT. Call from: anywhere. */
int skua_fsync_until(int fd, uint64_t deadline_ns);

/* --- anything that is open --- */

/*
 * Reads what there is, at least a byte, as read(2): files, sockets, pipes, terminals.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: bytes read, 0 at the end; a negative errno of read(2); -ECANCELED; -EBADF also: it was closed meanwhile.
 */
ptrdiff_t skua_read(int fd, void *buffer, size_t bytes);

/* The same until a point in time; -ETIMEDOUT. Call from: anywhere. */
ptrdiff_t skua_read_until(int fd, void *buffer, size_t bytes, uint64_t deadline_ns);

/*
 * Writes as much as there is room for, at least a byte, as write(2).
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: bytes written; a negative errno of write(2), -EPIPE without a signal; -ECANCELED; -EBADF also: it was closed
 * meanwhile.
 */
ptrdiff_t skua_write(int fd, const void *buffer, size_t bytes);

/* The same until a point in time; -ETIMEDOUT. Call from: anywhere. */
ptrdiff_t skua_write_until(int fd, const void *buffer, size_t bytes, uint64_t deadline_ns);

/*
 * Reads until the buffer is full or the end is reached.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: bytes read, fewer than asked for only at the end; an error as skua_read: what was read before it is in the
 * buffer, but how much is not told.
 */
ptrdiff_t skua_read_all(int fd, void *buffer, size_t bytes);

/* The same until a point in time; -ETIMEDOUT. Call from: anywhere. */
ptrdiff_t skua_read_all_until(int fd, void *buffer, size_t bytes, uint64_t deadline_ns);

/*
 * Writes everything.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: bytes; an error as skua_write: how much was written before it is not told.
 */
ptrdiff_t skua_write_all(int fd, const void *buffer, size_t bytes);

/* The same until a point in time; -ETIMEDOUT. Call from: anywhere. */
ptrdiff_t skua_write_all_until(int fd, const void *buffer, size_t bytes, uint64_t deadline_ns);

/*
 * Waits until a descriptor is ready, as poll(2) for one: events and result are POLLIN, POLLOUT and so on of <poll.h>.
 * For system calls that are not here, on descriptors of any origin.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: the events that have come, > 0; -ETIMEDOUT; -ECANCELED; -EBADF it is not open, or was closed meanwhile.
 */
int skua_poll(int fd, int events, uint64_t deadline_ns);

/*
 * A case of skua_select, written SKUA_ON_FD(fd, events): the descriptor is ready for one of the events of poll(2), or
 * has failed. result says which: POLLIN, POLLOUT, POLLERR, POLLHUP; or a negative errno, -EBADF for one not open.
 *
 * Call from: anywhere; best in the list of cases itself.
 */
skua_case skua_case_fd(int fd, int events);
#define SKUA_ON_FD(fd, events) skua_case_fd((fd), (events))

/* --- sockets --- */

/*
 * Makes a socket, as socket(2).
 *
 * Call from: anywhere. Blocks: nothing.
 * Returns: the descriptor; a negative errno of socket(2).
 */
int skua_socket(int domain, int type, int protocol);

/*
 * Connects a socket, as connect(2). After an error, also -ETIMEDOUT and -ECANCELED, the socket is good for skua_close
 * only. A socket of other origin without O_NONBLOCK is connected by a thread of skua_offload's pool, which nothing
 * interrupts.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: 0; a negative errno of connect(2); -ECANCELED.
 */
int skua_connect(int fd, const struct sockaddr *address, unsigned address_bytes);

/* The same until a point in time; -ETIMEDOUT. Call from: anywhere. */
int skua_connect_until(int fd, const struct sockaddr *address, unsigned address_bytes, uint64_t deadline_ns);

/*
 * Takes a connection, as accept(2) without an address (getpeername(2) tells it).
 *
 * Call from: anywhere; several tasks may take from one socket. Blocks: the fiber, outside of tasks the thread.
 * Returns: the descriptor; a negative errno of accept(2): after -EMFILE, -ENFILE, -ENOBUFS and -ENOMEM the connection
 * still waits, and a later call gets it; -ECANCELED; -EBADF also: the socket was closed meanwhile.
 */
int skua_accept(int fd);

/* The same until a point in time; -ETIMEDOUT. Call from: anywhere. */
int skua_accept_until(int fd, uint64_t deadline_ns);

/*
 * Receives, as recv(2) with its flags; MSG_WAITALL has no effect (skua_read_all).
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: bytes received, 0 if the peer has ended; a negative errno of recv(2); -ECANCELED; -EBADF also: it was closed
 * meanwhile.
 */
ptrdiff_t skua_recv(int fd, void *buffer, size_t bytes, int flags);

/* The same until a point in time; -ETIMEDOUT. Call from: anywhere. */
ptrdiff_t skua_recv_until(int fd, void *buffer, size_t bytes, int flags, uint64_t deadline_ns);

/*
 * Sends, as send(2) with its flags.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: bytes sent, perhaps fewer; a negative errno of send(2), -EPIPE without a signal; -ECANCELED; -EBADF also: it
 * was closed meanwhile.
 */
ptrdiff_t skua_send(int fd, const void *buffer, size_t bytes, int flags);

/* The same until a point in time; -ETIMEDOUT. Call from: anywhere. */
ptrdiff_t skua_send_until(int fd, const void *buffer, size_t bytes, int flags, uint64_t deadline_ns);

/*
 * A stream socket that listens: on an address of this host (NULL: on all) with a port (0: any free one, see
 * skua_local_port); or if host contains a '/', on a Unix socket of that path, which must not exist. SO_REUSEADDR is
 * set.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread, while a name is looked up.
 * Returns: the descriptor; a negative errno of socket(2), bind(2), listen(2) or skua_resolve.
 */
int skua_listen(const char *host, unsigned port, int backlog);

/*
 * A stream socket that is connected: to a port of a host, whose addresses are tried one after the other, or, if host
 * contains a '/', to the Unix socket of that path.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: the descriptor; an error of skua_resolve, or that of the last address that was tried; -ECANCELED.
 */
int skua_dial(const char *host, unsigned port);

/* The same until a point in time, for all addresses together; -ETIMEDOUT. Call from: anywhere. */
int skua_dial_until(const char *host, unsigned port, uint64_t deadline_ns);

/* The port that an Internet socket has on this side. Call from: anywhere. Returns: the port; a negative errno. */
int skua_local_port(int fd);

/*
 * Looks up a name, as getaddrinfo(3) with its hints (NULL: none). Numeric addresses need no wait.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread. A look-up that was given up goes on in its
 * thread, and skua_stop waits for it.
 * Returns: 0, and *list; -ENOENT there is no such name or service; -EAGAIN no server answered; -ENOMEM; -EAFNOSUPPORT;
 * -EINVAL the hints make no sense; -EIO the servers cannot do it; another negative errno of the system; -ECANCELED.
 * Memory: the list is the caller's, for freeaddrinfo(3).
 */
int skua_resolve(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list);

/* The same until a point in time; -ETIMEDOUT (a plain thread waits for the answer). Call from: anywhere. */
int skua_resolve_until(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list,
                       uint64_t deadline_ns);

/* --- signals --- */

/*
 * Blocks signals in the calling thread, so that they wait for skua_signal_wait instead of ending the program. To be
 * called at the beginning of main, before other threads are made. The workers block them anyway.
 *
 * Call from: a plain thread. Blocks: nothing.
 * Returns: 0; -EINVAL there is no such signal.
 */
int skua_signal_block(const int *signals, size_t count);

/*
 * Waits for one of several signals that are sent to the process (not to one of its threads). If they are blocked in all
 * threads none is lost, also between two waits, but equal ones count once. If several tasks wait for a signal, one gets
 * it.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread.
 * Returns: the signal's number; -EINVAL there is no such signal, or it cannot be caught; -EMFILE, -ENFILE, -ENOMEM;
 * -ECANCELED.
 */
int skua_signal_wait(const int *signals, size_t count);

/* The same until a point in time; -ETIMEDOUT. Call from: anywhere. */
int skua_signal_wait_until(const int *signals, size_t count, uint64_t deadline_ns);

/* --- child processes --- */

/* What a child's standard input, output or error is. Others > 0 are descriptors of the caller, which keeps them. */
enum {
	SKUA_STDIO_INHERIT = 0, /* the caller's own */
	SKUA_STDIO_NULL = -1,   /* /dev/null */
	SKUA_STDIO_PIPE = -2,   /* a pipe, whose other end is in skua_process */
	SKUA_STDIO_OUTPUT = -3  /* for error only: where output goes */
};

/* How to start a child. A zero field takes the default. */
typedef struct skua_process_options {
	const char *const *argv;  /* program and arguments, NULL at the end; without a '/' it is sought in PATH */
	const char *const *envp;  /* its environment, NULL at the end; default: the caller's */
	const char *directory;    /* where it starts; default: the caller's */
	int input, output, error; /* SKUA_STDIO_... or a descriptor */
	unsigned kill_on_cancel;  /* 1: if skua_process_wait is cancelled, it kills the child and sees it off */
} skua_process_options;

/* A child that was started. Pipes are the caller's, to be closed by skua_close; -1 if there is none. */
typedef struct skua_process {
	int pid;
	int input;         /* to write to */
	int output, error; /* to read from */
	int sk_handle;
	unsigned sk_flags;
} skua_process;

/*
 * Starts a program as a child. It gets the three standard descriptors and no others that are close-on-exec, no blocked
 * signals, and SIGPIPE as at first. Each child that was started is waited for, else it stays as a zombie.
 *
 * Call from: anywhere. Blocks: the fiber, outside of tasks the thread, until the program is loaded.
 * Returns: 0; the error that kept the program from running: -ENOENT, -EACCES, -ENOEXEC and so on; -EINVAL an option
 * makes no sense; -EMFILE, -ENFILE, -EAGAIN, -ENOMEM; -ECANCELED.
 */
int skua_process_start(skua_process *process, const skua_process_options *options);

/*
 * Waits until the child has ended, and sees it off.
 *
 * Call from: anywhere; until it returns a value >= 0, or -ECANCELED with kill_on_cancel, once more is possible. Blocks:
 * the fiber, outside of tasks the thread.
 * Returns: its exit status, 0 to 255; 256 + n if signal n ended it; -ECANCELED; -ECHILD somebody else saw it off.
 */
int skua_process_wait(skua_process *process);

/* The same until a point in time; -ETIMEDOUT: it runs on. Call from: anywhere. */
int skua_process_wait_until(skua_process *process, uint64_t deadline_ns);

/*
 * Sends a signal to the child.
 *
 * Call from: anywhere. Blocks: nothing.
 * Returns: 0, also if it has ended and was not waited for; -ESRCH it was seen off; -EINVAL there is no such signal;
 * -EPERM.
 */
int skua_process_kill(const skua_process *process, int signal);

#ifdef __cplusplus
}
#endif
#endif
