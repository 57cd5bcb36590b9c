// The five harmless devices, and nothing else, in /dev.
#pragma once

namespace pysandbox::container::init {

struct SystemSources;

// Opens the host's nodes and makes sure that they are what their names say
// (CVE-2025-31133: a /dev/null that is something else).
void open_devices(int (&trees)[5]) noexcept;

void mount_devices(const SystemSources& sources) noexcept;

}  // namespace pysandbox::container::init
