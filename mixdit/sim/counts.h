// How often lines and toggles of a Verilated model were seen, written when it closes if the build counts them.

#pragma once

#include "verilated.h"

#if VM_COVERAGE
#include <string>

#include "verilated_cov.h"

class Counts {
  public:
    // Into the file `path`, or nowhere where that is null. The model must outlive this.
    Counts(VerilatedContext& context, const char* path) : context(context), path(path ? path : "") {}
    ~Counts() {
        if (!path.empty()) context.coveragep()->write(path);
    }

  private:
    VerilatedContext& context;
    const std::string path;
};

#else

struct Counts {
    Counts(VerilatedContext&, const char*) {}
};

#endif
