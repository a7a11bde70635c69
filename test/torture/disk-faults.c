/*
 * Preloaded into a freno: makes the disk below one directory slow, unresponsive, failing or full,
 * and the wall clock wrong, as a control file asks at that moment. The control file is mapped, so
 * that a fault begins and ends while the process runs.
 *
 * FRENO_DISK_DIRECTORY: the files concerned are those below it, given without symbolic links.
 * FRENO_DISK_CONTROL: the control file, of at least the size of `struct control`; disk-faults.ts
 * writes it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { SYNC_WORKS, SYNC_SLOW, SYNC_HANGS, SYNC_FAILS };

struct control {
  int32_t sync_mode;
  int32_t sync_delay_ms;
  int32_t sync_errno;
  /* 0: writes work. */
  int32_t write_errno;
  int64_t clock_offset_ms;
  /* Written by this library. */
  int32_t syncs_held;
  int32_t syncs_done;
};

static volatile struct control *control;
static char directory[PATH_MAX];
static size_t directory_length;

#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void load(void) {
  const char *path = getenv("FRENO_DISK_CONTROL");
  const char *below = getenv("FRENO_DISK_DIRECTORY");
  if (path == NULL || below == NULL) return;
  int file = open(path, O_RDWR | O_CLOEXEC);
  void *mapped = MAP_FAILED;
  if (file >= 0) {
    mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
  }
  if (mapped == MAP_FAILED) {
    /* A fault that does not happen would make a test pass that tests nothing. */
    fprintf(stderr, "disk faults: cannot map %s: %s\n", path, strerror(errno));
    _exit(70);
  }
  snprintf(directory, sizeof directory, "%s/", below);
  directory_length = strlen(directory);
  control = mapped;
}

static int is_concerned(int fd) {
  char link[64];
  char path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  /* The directory itself is synced too. */
  return strncmp(path, directory, directory_length) == 0 ||
         (strlen(path) == directory_length - 1 && strncmp(path, directory, directory_length - 1) == 0);
}

static int64_t monotonic_ms(void) {
  struct timespec now;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Returns the error of the sync, 0 for none. A fault that begins meanwhile concerns it as well. */
static int hold(int fd) {
  if (control == NULL || control->sync_mode == SYNC_WORKS || !is_concerned(fd)) return 0;
  const int64_t from_ms = monotonic_ms();
  int error = 0;
  __sync_fetch_and_add(&control->syncs_held, 1);
  for (;;) {
    const int mode = control->sync_mode;
    if (mode == SYNC_FAILS) error = control->sync_errno;
    if (mode == SYNC_FAILS || mode == SYNC_WORKS) break;
    if (mode == SYNC_SLOW && monotonic_ms() - from_ms >= control->sync_delay_ms) break;
    const struct timespec pause = {0, 1000000};
    syscall(SYS_nanosleep, &pause, NULL);
  }
  __sync_fetch_and_sub(&control->syncs_held, 1);
  return error;
}

static int counted(int result) {
  if (control != NULL) __sync_fetch_and_add(&control->syncs_done, 1);
  return result;
}

static int failed(int error) {
  errno = error;
  return -1;
}

int fsync(int fd) {
  REAL(fsync);
  const int error = hold(fd);
  return error != 0 ? failed(error) : counted(real(fd));
}

int fdatasync(int fd) {
  REAL(fdatasync);
  const int error = hold(fd);
  return error != 0 ? failed(error) : counted(real(fd));
}

static int write_error(int fd) {
  if (control == NULL || control->write_errno == 0 || !is_concerned(fd)) return 0;
  return control->write_errno;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(write);
  const int error = write_error(fd);
  return error != 0 ? failed(error) : real(fd, bytes, length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  REAL(pwrite);
  const int error = write_error(fd);
  return error != 0 ? failed(error) : real(fd, bytes, length, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  REAL(pwrite64);
  const int error = write_error(fd);
  return error != 0 ? failed(error) : real(fd, bytes, length, offset);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  REAL(clock_gettime);
  const int result =
      real != NULL ? real(clock, now) : (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && control != NULL && control->clock_offset_ms != 0 &&
      (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    now->tv_sec += control->clock_offset_ms / 1000;
  }
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  REAL(gettimeofday);
  const int result = real(now, zone);
  if (result == 0 && control != NULL) now->tv_sec += control->clock_offset_ms / 1000;
  return result;
}
