// The pages that a program needs of what it shares with its zygote, found out once by a process that runs one and made
// in one go in each parked interpreter: a fault for each page takes longer than a page itself. The idea is that of
// "REAP" (Ustiugov et al., ASPLOS 2021) for snapshots of virtual machines.
//
// Nothing here allocates.
#pragma once

namespace pysandbox::container::init {

// In the zygote: before its scout is forked, and after that has ended, well or not.
void expect_working_set() noexcept;
void take_working_set(bool is_whole) noexcept;

// In the scout: before the program, and after it.
void note_pages_before() noexcept;
void note_pages_after() noexcept;

// In a parked interpreter. What cannot be had will be when it is touched.
void populate_working_set() noexcept;

}  // namespace pysandbox::container::init
