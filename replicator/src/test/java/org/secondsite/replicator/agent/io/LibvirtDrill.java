package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.DirtyPages;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.DomainXml;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.agent.VmStart;
import org.secondsite.replicator.disk.VolumeSettings;
import org.secondsite.testing.Opened;

/**
 * A domain of Debian's libvirt, under TCG: killed over, and back. Needs libvirt-daemon-system, libvirt-clients, qemu-system-x86, a kernel and
 * busybox-static.
 *
 * <p>Its name keeps it out of the usual run: {@code ./secondsite test replicator LibvirtDrill}, as the nightly run does.
 */
@Tag("lab")
@Timeout(value = 900, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LibvirtDrill {
    private static final VmId VM = new VmId("web1");
    private static final int RAM_MIB = 96;

    @TempDir
    Path directory;

    @RegisterExtension
    final Opened open = new Opened();

    /** What QEMU's user has to get at. */
    private static Path open(Path path, String mode) throws IOException {
        return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    private void layOut() throws IOException {
        open(directory, "rwx--x--x");
        Path kernel = Files.copy(LabGuest.kernel(), directory.resolve("kernel"));
        open(kernel, "rw-r--r--");
        Path disk = directory.resolve("initrd");
        InitRamDisk.write(disk, LabGuest.needed("/bin/busybox", "busybox-static"), LabGuest.script(":"));
        open(disk, "rw-r--r--");
    }

    /** A site: a host with libvirt, the domain's description there, an agent and its gateway. */
    private final class Site {
        private final Path home;
        private final PrivateLibvirt libvirt;
        private final Path xml;
        private final VmSettings settings;
        private final RecordingGateway gateway;

        Site(String name) throws Exception {
            home = open(Files.createDirectories(directory.resolve(name)), "rwxrwxrwx");
            libvirt = open.add(new PrivateLibvirt(home.resolve("libvirt")));
            xml = home.resolve("web1.xml");
            Files.writeString(xml, description());
            DomainXml domain = DomainXml.parse(Files.readString(xml));
            Path run = home.resolve("run");
            settings = new VmSettings(
                    VM,
                    Optional.empty(),
                    domain.ramBytes(),
                    domain.monitor(),
                    run.resolve(VM + ".pid"),
                    new VmStart.Domain(xml, libvirt.uri(), domain.diskNames()),
                    DirtyPages.AUTO,
                    Map.of(),
                    VolumeSettings.NONE,
                    run);
            gateway = open.add(new RecordingGateway(VM, EnumSet.allOf(Capability.class)));
        }

        private String description() throws IOException {
            return """
                    <domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
                      <name>web1</name>
                      <uuid>d6d5d1e6-2fb9-4f4d-9d2d-0d4f1d2a7c11</uuid>
                      <memory unit='MiB'>%d</memory>
                      <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
                      <vcpu>1</vcpu>
                      <os>
                        <type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type>
                        <kernel>%s</kernel>
                        <initrd>%s</initrd>
                        <cmdline>console=ttyS0 quiet panic=1 no_timer_check</cmdline>
                      </os>
                      <devices>
                        <emulator>/usr/bin/qemu-system-x86_64</emulator>
                        <serial type='file'><source path='%s'/><target port='0'/></serial>
                        <controller type='usb' model='none'/>
                        <memballoon model='virtio'/>
                      </devices>
                      <qemu:commandline>
                        <qemu:arg value='-qmp'/>
                        <qemu:arg value='unix:%s,server=on,wait=off'/>
                      </qemu:commandline>
                    </domain>
                    """.formatted(
                            RAM_MIB,
                            directory.resolve("kernel"),
                            directory.resolve("initrd"),
                            home.resolve("serial"),
                            home.resolve("agent.qmp"));
        }

        void agent() throws IOException {
            open.add(CheckpointAgent.open(
                    new AgentSettings(GatewayAccess.plain(gateway.address()), List.of(settings)),
                    QemuAgentLabTest.NO_ENDING));
        }

        String console() throws IOException {
            Path serial = home.resolve("serial");
            return Files.exists(serial) ? Files.readString(serial, StandardCharsets.ISO_8859_1) : "";
        }

        List<Integer> ticks() throws IOException {
            return LabGuest.ticks(console());
        }

        void awaitTicks(int count) throws Exception {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(180);
            while (ticks().size() < count) {
                assertTrue(System.nanoTime() < deadline, () -> "no tick " + count + ": " + domain("domstate"));
                Thread.sleep(20);
            }
        }

        /** One that falls into the pause of a checkpoint finds the VM paused, and does nothing. */
        void suspend() throws Exception {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            int paused = 0;
            while (paused < 5) {
                if (paused == 0) {
                    domain("suspend");
                }
                Thread.sleep(100);
                paused = domain("domstate").equals("paused") ? paused + 1 : 0;
                assertTrue(System.nanoTime() < deadline, "it does not stay suspended");
            }
        }

        String domain(String... command) {
            try {
                String[] whole = new String[command.length + 1];
                whole[0] = command[0];
                whole[1] = "web1";
                System.arraycopy(command, 1, whole, 2, command.length - 1);
                return libvirt.virsh(whole).said();
            } catch (IOException | InterruptedException failed) {
                throw new AssertionError(failed);
            }
        }
    }

    /** Protects from one site to the other, has the VM stand still, and goes on there. */
    private void over(Site from, Site to, int term) throws Exception {
        from.gateway.relayTo(to.gateway);
        from.gateway.session().start(new EpochId(term, 1), true, 100);
        to.gateway.await("applied " + new EpochId(term, 5));
        from.gateway.session().stop();
        while (from.gateway.hears("epoch", 500)) {
            // What was under way when STOP came.
        }
        from.domain("suspend");
        assertEquals("paused", from.domain("domstate"));
        EpochId last = new EpochId(term, 100_000);
        from.gateway.session().start(last, false, 100_000);
        to.gateway.await("applied " + last);
        int ticks = from.ticks().getLast();
        int before = to.ticks().size();
        from.gateway.session().stopVm("fenced");
        from.gateway.await("stopped");
        to.gateway.session().activate(last);
        to.gateway.await("activated");
        to.awaitTicks(before + 5);
        assertEquals(ticks + 1, to.ticks().get(before), "it goes on where it was");
        assertEquals("running", to.domain("domstate"));
    }

    private static void awaitEpochs(Site from) throws InterruptedException {
        long taken = from.gateway.lastEpoch().number();
        while (from.gateway.lastEpoch().number() < taken + 3) {
            from.gateway.await("epoch");
        }
    }

    @Test
    void aDomainIsKilledOverAndBackAndWhoSavesItMeanwhileIsRefused() throws Exception {
        layOut();
        Site a = new Site("a");
        Site b = new Site("b");
        PrivateLibvirt.Answer created = a.libvirt.virsh("create", a.xml.toString());
        assertTrue(created.worked(), created.said());
        a.awaitTicks(1);
        a.agent();
        assertEquals("attached running=true applied=0/0", a.gateway.await("attached"));
        b.agent();
        assertEquals("attached running=false applied=0/0", b.gateway.await("attached"));

        a.gateway.relayTo(b.gateway);
        a.gateway.session().start(new EpochId(1, 1), true, 100);
        b.gateway.await("applied 1/3");
        a.suspend();
        int stands = a.ticks().size();
        awaitEpochs(a);
        assertEquals(stands, a.ticks().size(), "it stands still while checkpoints go on");
        a.domain("resume");
        a.awaitTicks(stands + 3);

        // Libvirt pauses it first: QEMU itself refuses then, if it has been checkpointed since, and the agent else.
        for (String[] save :
                new String[][] {{"save", "web1", a.home.resolve("saved").toString()}, {"managedsave", "web1"}}) {
            PrivateLibvirt.Answer saved = a.libvirt.virsh(save);
            assertFalse(saved.worked(), () -> "a protected domain was saved: " + saved.said());
            a.awaitTicks(a.ticks().size() + 3);
            awaitEpochs(a);
        }
        a.gateway.session().stop();

        over(a, b, 2);
        over(b, a, 3);
    }
}
