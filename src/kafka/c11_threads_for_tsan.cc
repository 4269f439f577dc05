// SPDX-License-Identifier: Apache-2.0
//
// librdkafka makes its threads and locks by C11's <threads.h>, which the thread sanitizer does not know: it
// crashes in the first such thread. In its builds these definitions stand before the C library's and do the
// same by POSIX threads, which it watches. glibc's types of both kinds are the same in size and in what a
// zero means.
#include <cerrno>
#include <ctime>

#include <pthread.h>
#include <sched.h>
#include <threads.h>

namespace {

static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && sizeof(cnd_t) == sizeof(pthread_cond_t) &&
              sizeof(thrd_t) == sizeof(pthread_t));

struct Start {
  thrd_start_t function;
  void* argument;
};

void* run(void* start) {
  const Start copy = *static_cast<Start*>(start);
  delete static_cast<Start*>(start);
  copy.function(copy.argument);
  return nullptr;
}

pthread_mutex_t* posix(mtx_t* mutex) { return reinterpret_cast<pthread_mutex_t*>(mutex); }
pthread_cond_t* posix(cnd_t* condition) { return reinterpret_cast<pthread_cond_t*>(condition); }

int told(int code) {
  return code == 0           ? thrd_success
         : code == ETIMEDOUT ? thrd_timedout
         : code == EBUSY     ? thrd_busy
                             : thrd_error;
}

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  return told(pthread_create(thread, nullptr, run, new Start{function, argument}));
}
int thrd_join(thrd_t thread, int* result) {
  if (result != nullptr) *result = 0;  // nobody here asks for it
  return told(pthread_join(thread, nullptr));
}
int thrd_detach(thrd_t thread) { return told(pthread_detach(thread)); }
thrd_t thrd_current() { return pthread_self(); }

int mtx_init(mtx_t* mutex, int kind) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if ((kind & mtx_recursive) != 0) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  const int code = pthread_mutex_init(posix(mutex), &attributes);
  pthread_mutexattr_destroy(&attributes);
  return told(code);
}
int mtx_lock(mtx_t* mutex) { return told(pthread_mutex_lock(posix(mutex))); }
int mtx_trylock(mtx_t* mutex) { return told(pthread_mutex_trylock(posix(mutex))); }
int mtx_unlock(mtx_t* mutex) { return told(pthread_mutex_unlock(posix(mutex))); }
void mtx_destroy(mtx_t* mutex) { pthread_mutex_destroy(posix(mutex)); }

int cnd_init(cnd_t* condition) { return told(pthread_cond_init(posix(condition), nullptr)); }
int cnd_signal(cnd_t* condition) { return told(pthread_cond_signal(posix(condition))); }
int cnd_broadcast(cnd_t* condition) { return told(pthread_cond_broadcast(posix(condition))); }
int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return told(pthread_cond_wait(posix(condition), posix(mutex)));
}
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  return told(pthread_cond_timedwait(posix(condition), posix(mutex), until));
}
void cnd_destroy(cnd_t* condition) { pthread_cond_destroy(posix(condition)); }

// librdkafka counts references by atomics that the sanitizer can't see in a library it did not build.
const char* __tsan_default_suppressions() { return "race:librdkafka.so\n"; }

}  // extern "C"
