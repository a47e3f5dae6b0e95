// The world around a core, in C++17: streams of words, the memory that holds the key, a clock.
//
// Usage: harness JOB, a text file of lines `name value`; see `job.rs`. Words lie in binary files.
// On standard output: lines `name value` of what was measured, or why it failed. On standard error:
// progress.
//
// A cycle is: set the inputs, evaluate, look at the outputs, raise the clock. So a word moves in the
// cycles in which valid and ready are both high. Every word is offered as soon as the one before is
// taken; results are taken at once.

#include "Vrig.h"
#include "verilated.h"
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <string>
#include <vector>
#if VM_TRACE
#include "verilated_fst_c.h"
#endif

namespace {

using Words = std::vector<uint64_t>;
using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string &why) {
    std::printf("%s\n", why.c_str());
    std::exit(1);
}

class Job {
  public:
    explicit Job(const char *path) {
        std::ifstream file(path);
        std::string name, value;
        while (file >> name >> value) values[name] = value;
    }

    const std::string &text(const char *name) const {
        const auto found = values.find(name);
        if (found == values.end()) fail(std::string("the job has no ") + name);
        return found->second;
    }

    uint64_t number(const char *name) const { return std::strtoull(text(name).c_str(), nullptr, 10); }

  private:
    std::map<std::string, std::string> values;
};

Words read(const char *path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) fail(std::string("cannot read ") + path);
    Words words(static_cast<size_t>(file.tellg()) / sizeof(uint64_t));
    file.seekg(0);
    file.read(reinterpret_cast<char *>(words.data()), words.size() * sizeof(uint64_t));
    if (!file) fail(std::string("cannot read ") + path);
    return words;
}

// Card memory: takes requests for slices, answers in order, each slice `latency` cycles after its
// request at the earliest, with a beat in every `beat_cycles` cycles.
class Memory {
  public:
    Memory(Words key, const Job &job)
        : words(std::move(key)), beat_words(job.number("beat_words")),
          slice_words(words.size() / job.number("lwe_dimension")),
          latency(job.number("latency")), beat_cycles(job.number("beat_cycles")) {}

    void request(uint64_t slice, uint64_t cycle) {
        if ((slice + 1) * slice_words > words.size()) fail("a request for a slice beyond the key");
        pending.push_back({&words[slice * slice_words], slice_words, cycle + latency});
    }

    // The beat that is on offer in this cycle, if any.
    const uint64_t *beat(uint64_t cycle) const {
        const bool ready = !pending.empty() && cycle >= pending.front().from && cycle >= next_beat;
        return ready ? pending.front().at : nullptr;
    }

    void taken(uint64_t cycle) {
        auto &slice = pending.front();
        slice.at += beat_words;
        slice.left -= beat_words;
        next_beat = cycle + beat_cycles;
        if (slice.left == 0) {
            pending.pop_front();
            ++slices;
        }
    }

    uint64_t slices = 0;

  private:
    struct Slice {
        const uint64_t *at;
        uint64_t left;
        uint64_t from;
    };

    const Words words;
    const uint64_t beat_words, slice_words, latency, beat_cycles;
    uint64_t next_beat = 0;
    std::deque<Slice> pending;
};

// Says now and then how far the rotation is.
class Progress {
  public:
    explicit Progress(const Job &job)
        : iterations(job.number("lwe_dimension") * job.number("repeat")), last(begin) {}

    double seconds() const { return since(begin); }

    // `slices`: those that memory delivered; the core holds up to two that it has not used up.
    void report(uint64_t cycle, uint64_t slices) {
        if (since(last) < 10) return;
        last = Clock::now();
        uint64_t done = slices > 2 ? slices - 2 : 0;
        if (done > iterations) done = iterations;
        std::fprintf(stderr, "core: %.0f s, %" PRIu64 " cycles, iteration %" PRIu64 " of %" PRIu64,
                     seconds(), cycle, done, iterations);
        if (done > 0)
            std::fprintf(stderr, ", about %.0f s left", seconds() / done * (iterations - done));
        std::fprintf(stderr, "\n");
    }

  private:
    static double since(Clock::time_point then) {
        return std::chrono::duration<double>(Clock::now() - then).count();
    }

    const uint64_t iterations;
    const Clock::time_point begin = Clock::now();
    Clock::time_point last;
};

#if VM_TRACE
// A waveform of the cycles `trace_from` to `trace_to`.
class Wave {
  public:
    Wave(Vrig &top, const Job &job)
        : first(job.number("trace_from")), end(job.number("trace_to")) {
        top.trace(&file, 99);
        file.open("wave.fst");
    }
    ~Wave() { file.close(); }
    void dump(uint64_t cycle, int half) {
        if (cycle >= first && cycle < end) file.dump(2 * cycle + half);
    }

  private:
    const uint64_t first, end;
    VerilatedFstC file;
};
#else
struct Wave {
    Wave(Vrig &, const Job &) {}
    void dump(uint64_t, int) {}
};
#endif

} // namespace

int main(int argc, char **argv) {
    if (argc != 2) fail("usage: harness JOB");
    const Job job(argv[1]);
    const Words lwe = read("lwe.bin"), tables = read("tables.bin");
    const uint64_t repeat = job.number("repeat");
    Memory memory(read("key.bin"), job);
    const uint64_t settling = job.number("settling"), limit = job.number("cycle_limit");
    const uint64_t beat_bytes = job.number("beat_words") * sizeof(uint64_t);
    Words results;
    results.reserve(job.number("results"));

    VerilatedContext context;
#if VM_TRACE
    context.traceEverOn(true);
#endif
    Vrig top{&context};
    Wave wave(top, job);
    top.log2_n = job.number("log2_n");
    top.lwe_dimension = job.number("lwe_dimension");
    top.base_log = job.number("base_log");
    top.level_count = job.number("level_count");
    top.centred = job.number("centred");
    top.narrow = job.number("narrow");
    top.batch = job.number("batch");
    top.key_stop = 0;
    top.key_request_ready = 1;
    top.lwe_out_ready = 1;
    top.lwe_out_enable = 1;
    top.lwe_out_samples = 1;
    top.lwe_out_stride = 0;
    top.drop = 0;

    Progress progress(job);
    // Words and batches of all repetitions.
    size_t lwe_at = 0, table_at = 0;
    uint64_t cycle = 0, last_input = 0, first_output = 0, started = 0;
    for (;; ++cycle) {
        const bool running = cycle > settling;
        top.key_start = cycle == settling;
        top.start = running && started < repeat;
        top.lwe_in_valid = running && lwe_at < repeat * lwe.size();
        if (top.lwe_in_valid) top.lwe_in_word = lwe[lwe_at % lwe.size()];
        top.table_valid = running && table_at < repeat * tables.size();
        if (top.table_valid) top.table_word = tables[table_at % tables.size()];
        const uint64_t *beat = memory.beat(cycle);
        top.key_data_valid = beat != nullptr;
        if (beat) std::memcpy(&top.key_data, beat, beat_bytes);
        top.clock = 0;
        top.eval();
        wave.dump(cycle, 0);

        if (top.start && top.start_ready) ++started;
        if (top.lwe_in_valid && top.lwe_in_ready) {
            ++lwe_at;
            last_input = cycle;
        }
        if (top.table_valid && top.table_ready) {
            ++table_at;
            last_input = cycle;
        }
        if (beat && top.key_data_ready) memory.taken(cycle);
        if (top.key_request_valid && top.key_request_ready)
            memory.request(top.key_request_slice, cycle);
        if (top.lwe_out_valid) {
            if (results.empty()) first_output = cycle;
            results.push_back(top.lwe_out_word);
        }
        if (top.protocol_error) fail("cycle " + std::to_string(cycle) + ": protocol_error");
        if (top.checksum_error)
            fail("cycle " + std::to_string(cycle) + ": checksum_error in slice " +
                 std::to_string(top.error_slice));
        if (started == repeat && !top.start && !top.busy) break;
        if (cycle == limit)
            fail("no end within " + std::to_string(limit) + " cycles: " + std::to_string(lwe_at) +
                 " LWE and " + std::to_string(table_at) + " table words in, " +
                 std::to_string(memory.slices) + " slices, " + std::to_string(results.size()) +
                 " words out");

        top.clock = 1;
        top.eval();
        wave.dump(cycle, 1);
        if (cycle % 1024 == 0) progress.report(cycle, memory.slices);
    }

    std::ofstream file("words.bin", std::ios::binary);
    file.write(reinterpret_cast<const char *>(results.data()), results.size() * sizeof(uint64_t));
    file.close();
    if (!file) fail("cannot write words.bin");
    std::printf("cycles %" PRIu64 "\nrotation_cycles %" PRIu64 "\nunderrun_cycles %" PRIu64
                "\nmicroseconds %.0f\n",
                cycle, first_output - last_input, static_cast<uint64_t>(top.underrun_cycles),
                progress.seconds() * 1e6);
    return 0;
}
