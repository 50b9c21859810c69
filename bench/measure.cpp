// What a command costs: "CPU_SECONDS PEAK_KIB" of it and its children on standard error, after all of theirs.
//   measure COMMAND [ARGUMENT...]
#include <cstdio>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "measure: no command\n");
        return 2;
    }
    const pid_t child = fork();
    if (child < 0) {
        std::perror("measure");
        return 2;
    }
    if (child == 0) {
        execvp(argv[1], argv + 1);
        std::perror(argv[1]);
        _exit(127);
    }
    int status = 0;
    rusage use{};
    if (waitpid(child, &status, 0) < 0 || getrusage(RUSAGE_CHILDREN, &use) != 0) {
        std::perror("measure");
        return 2;
    }
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    std::fprintf(stderr, "%.3f %ld\n", seconds(use.ru_utime) + seconds(use.ru_stime), use.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
