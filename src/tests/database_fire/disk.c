/* A disk between the program and its real one, loaded before it (LD_PRELOAD). It counts what is made durable, keeps a
 * copy of what was (so that a test can take the power away, and everything with it that was only written), and is full
 * when told to be.
 *
 * DISK    the folder that this is about; all else is left alone
 * KEPT    the folder of the copies, and of the `log`: a file's name for each time that it was made durable
 * FULL    a file: while it exists, there is no room left on the disk
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define LENGTH 4096

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static __thread int wrote_half = 0;

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

/* The name of a file of that folder, or nothing. */
static const char *name_of(int fd, char path[LENGTH]) {
    const char *disk = getenv("DISK");
    struct stat file;
    char link[64];
    if (disk == NULL || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, LENGTH - 1);
    if (length <= 0) return NULL;
    path[length] = 0;
    size_t folder = strlen(disk);
    return strncmp(path, disk, folder) == 0 && path[folder] == '/' ? path + folder + 1 : NULL;
}

static ssize_t really_write(int fd, const void *from, size_t count) {
    ssize_t (*next)(int, const void *, size_t) = real("write");
    return next(fd, from, count);
}

/* Durable from here on: the copy is whole, or the one before. */
static void keep(const char *path, const char *name) {
    char copy[LENGTH], new_copy[LENGTH], piece[65536];
    const char *kept = getenv("KEPT");
    if (kept == NULL) return;
    snprintf(copy, sizeof copy, "%s/%s", kept, name);
    snprintf(new_copy, sizeof new_copy, "%s/%s.new", kept, name);
    int from = open(path, O_RDONLY), to = open(new_copy, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t length;
    while (from >= 0 && to >= 0 && (length = read(from, piece, sizeof piece)) > 0)
        if (really_write(to, piece, (size_t)length) != length) abort();
    if (from >= 0) close(from);
    if (to >= 0) close(to);
    if (rename(new_copy, copy) != 0) abort();
    snprintf(copy, sizeof copy, "%s/log", kept);
    int log = open(copy, O_WRONLY | O_CREAT | O_APPEND, 0600);
    length = snprintf(piece, sizeof piece, "%s\n", name);
    if (log < 0 || really_write(log, piece, (size_t)length) != length) abort();
    close(log);
}

static int sync_with(const char *call, int fd) {
    int (*next)(int) = real(call);
    char path[LENGTH];
    const char *name = name_of(fd, path);
    int saved = next(fd);
    if (saved == 0 && name != NULL) {
        int error = errno;
        pthread_mutex_lock(&one_at_a_time);
        keep(path, name);
        pthread_mutex_unlock(&one_at_a_time);
        errno = error;
    }
    return saved;
}

int fsync(int fd) { return sync_with("fsync", fd); }
int fdatasync(int fd) { return sync_with("fdatasync", fd); }

/* How much of a write there is room for. A disk fills up in the middle of one: half of it, and then nothing. */
static ssize_t room(int fd, size_t count) {
    char path[LENGTH];
    const char *full = getenv("FULL");
    if (full == NULL || access(full, F_OK) != 0 || name_of(fd, path) == NULL) return (ssize_t)count;
    wrote_half = !wrote_half && count > 1;
    if (wrote_half) return (ssize_t)count / 2;
    errno = ENOSPC;
    return -1;
}

ssize_t write(int fd, const void *from, size_t count) {
    ssize_t fits = room(fd, count);
    return fits < 0 ? -1 : really_write(fd, from, (size_t)fits);
}

static ssize_t pwrite_with(const char *call, int fd, const void *from, size_t count, off_t at) {
    ssize_t (*next)(int, const void *, size_t, off_t) = real(call);
    ssize_t fits = room(fd, count);
    return fits < 0 ? -1 : next(fd, from, (size_t)fits, at);
}

ssize_t pwrite(int fd, const void *from, size_t count, off_t at) { return pwrite_with("pwrite", fd, from, count, at); }
ssize_t pwrite64(int fd, const void *from, size_t count, off_t at) { return pwrite_with("pwrite64", fd, from, count, at); }
