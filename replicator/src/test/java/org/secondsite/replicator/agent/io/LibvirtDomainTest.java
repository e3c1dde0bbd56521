package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.DirtyPages;
import org.secondsite.config.VmId;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.agent.VmStart;
import org.secondsite.replicator.disk.VolumeSettings;

/** What the agent says to libvirt, and makes of its words; a script has them. {@link LibvirtDrill} has libvirt itself. */
class LibvirtDomainTest {
    private static final String XML = """
            <domain type='kvm' id='3' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
              <name>web1</name>
              <memory unit='MiB'>64</memory>
              <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
              <qemu:commandline><qemu:arg value='-qmp'/><qemu:arg value='unix:/run/web1.qmp,server=on,wait=off'/></qemu:commandline>
            </domain>
            """;

    @TempDir
    Path directory;

    /** A domain at a libvirt that says the same each time, and how often it did so at first. */
    private LibvirtDomain domain(String script) throws IOException {
        Path virsh = directory.resolve("virsh");
        Files.writeString(virsh, "#!/bin/sh\necho \"$*\" >>" + directory.resolve("told") + "\n" + script + "\n");
        Files.setPosixFilePermissions(virsh, PosixFilePermissions.fromString("rwx------"));
        Path xml = directory.resolve("web1.xml");
        if (!Files.exists(xml)) {
            Files.writeString(xml, XML);
        }
        VmStart.Domain start = new VmStart.Domain(xml, "qemu:///system", Map.of());
        VmSettings settings = new VmSettings(
                new VmId("web1"),
                Optional.empty(),
                64 << 20,
                Path.of("/run/web1.qmp"),
                directory.resolve("web1.pid"),
                start,
                DirtyPages.AUTO,
                Map.of(),
                VolumeSettings.NONE,
                directory);
        return new LibvirtDomain(virsh.toString(), settings, start, directory.resolve("log"));
    }

    private List<String> told() throws IOException {
        return Files.readAllLines(directory.resolve("told"));
    }

    @Test
    void isCreatedPausedByADescriptionThatHasItWait() throws Exception {
        domain("exit 0").create();
        Path description = directory.resolve("web1-domain.xml");
        assertEquals(List.of("-q -c qemu:///system create --paused " + description), told());
        String said = Files.readString(description);
        assertTrue(said.contains("\"-incoming\"/><qemu:arg value=\"defer\""), said);
        assertFalse(said.contains("id=\"3\""), said);
    }

    @Test
    void oneThatWasKilledIsCreatedAgainWhenLibvirtHasSeenThat() throws Exception {
        domain("[ $(wc -l <" + directory.resolve("told") + ") -ge 3 ] || {"
                        + " echo \"error: operation failed: domain 'web1' already exists\"; exit 1; }")
                .create();
        assertEquals(3, told().size());
    }

    @Test
    void whatLibvirtHasAgainstItIsSaid() throws Exception {
        LibvirtDomain domain = domain(
                "echo 'error: Failed to create domain'; echo 'error: Cannot get interface MTU on br7' >&2; exit 1");
        String said = assertThrows(IOException.class, domain::create).getMessage();
        assertEquals(
                "libvirt does not start it: error: Failed to create domain error: Cannot get interface MTU on br7",
                said);
        assertEquals(1, told().size());
    }

    @Test
    void aDescriptionThatHasBecomeUselessIsSaidWithItsPlace() throws Exception {
        Path xml = Files.writeString(directory.resolve("web1.xml"), XML.replace("shared", "private"));
        LibvirtDomain domain = domain("exit 0");
        String said = assertThrows(IOException.class, domain::create).getMessage();
        assertTrue(said.startsWith(xml + " the RAM of domain web1 is not shared: add "), said);
        Files.delete(xml);
        assertThrows(IOException.class, domain::create);
        assertFalse(Files.exists(directory.resolve("told")), "libvirt is not asked");
    }
}
