package org.secondsite.replicator.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DomainXmlTest {
    private static final String MEMORY = "<memory unit='KiB'>131072</memory>";
    private static final String BACKING =
            "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>";
    private static final String MONITOR = """
            <qemu:commandline>
              <qemu:arg value='-qmp'/>
              <qemu:arg value='unix:/run/web1.qmp,server=on,wait=off'/>
            </qemu:commandline>
            """;
    private static final String XML = """
            <domain type='kvm' id='7' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
              <name>web1</name>
              <uuid>d6d5d1e6-2fb9-4f4d-9d2d-0d4f1d2a7c11</uuid>
            """ + MEMORY + BACKING + """
                      <devices>
                        <disk type='network' device='disk'>
                          <source protocol='nbd' name='web1.vda'><host transport='unix' socket='/run/web1.vda.nbd'/></source>
                          <target dev='vda' bus='virtio'/>
                        </disk>
                        <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
                        <interface type='bridge'><mac address='52:54:00:12:34:56'/><target dev='vnet3'/></interface>
                      </devices>
                      <seclabel type='dynamic' model='dac' relabel='yes'><label>+64055:+64055</label></seclabel>
                    """ + MONITOR + "</domain>";

    @Test
    void nameRamMonitorCardsAndWritableDisksAreFound() {
        DomainXml domain = DomainXml.parse(XML);
        assertEquals("web1", domain.name());
        assertEquals(128L << 20, domain.ramBytes());
        assertEquals(Path.of("/run/web1.qmp"), domain.monitor());
        assertEquals(List.of("52:54:00:12:34:56"), domain.macs());
        assertEquals(List.of(new DomainXml.Disk("vda", Optional.of("virtio-disk0"), false)), domain.disks());
    }

    @ParameterizedTest
    @CsvSource({
        "<target dev='vdb' bus='virtio'/>, virtio-disk1, false",
        "<target dev='vdaa' bus='virtio'/><shareable/>, virtio-disk26, true",
        "<target dev='vda' bus='virtio'/><alias name='ua-mine'/>, ua-mine, false",
        "<target dev='sdb' bus='sata'/><address type='drive' controller='0' bus='0' target='0' unit='1'/>, sata0-0-1, false",
        "<target dev='sda' bus='scsi'/><address type='drive' controller='0' bus='0' target='0' unit='0'/>, , false",
        "<target dev='vd1' bus='virtio'/>, , false",
    })
    void aDiskHasTheNameThatQemusDeviceWillHave(String elements, String device, boolean shareable) {
        String xml = XML.replace("<target dev='vda' bus='virtio'/>", elements);
        DomainXml.Disk disk = DomainXml.parse(xml).disks().getFirst();
        assertEquals(Optional.ofNullable(device), disk.device());
        assertEquals(shareable, disk.shareable());
        assertEquals(
                device == null ? Map.of() : Map.of(device, disk.target()),
                DomainXml.parse(xml).diskNames());
    }

    @Test
    void theOneThatWaitsIsTheSameWithoutWhatBelongsToAHost() {
        String waiting = DomainXml.parse(XML).waiting();
        assertFalse(waiting.contains("id=\"7\"") || waiting.contains("64055"), waiting);
        assertTrue(waiting.contains("<qemu:arg value=\"-incoming\"/><qemu:arg value=\"defer\"/>"), waiting);
        DomainXml again = DomainXml.parse(waiting);
        assertEquals("web1", again.name());
        assertEquals(Path.of("/run/web1.qmp"), again.monitor());
        assertEquals(DomainXml.parse(XML).disks(), again.disks());
        assertTrue(waiting.contains("d6d5d1e6-2fb9-4f4d-9d2d-0d4f1d2a7c11"), waiting);
    }

    @ParameterizedTest
    @CsvSource({
        "<memory>131072</memory>, 134217728",
        "<memory unit='GiB'>2</memory>, 2147483648",
        "<memory unit='MB'>512</memory>, 512000000",
        "<memory unit='b'>67108864</memory>, 67108864",
    })
    void memoryIsReadInAllOfLibvirtsUnits(String memory, long bytes) {
        assertEquals(bytes, DomainXml.parse(XML.replace(MEMORY, memory)).ramBytes());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<memory unit='EiB'>1</memory>",
                "<memory>-1</memory>",
                "<memory>99999999999999999999</memory>",
                "<memory unit='GiB'>9999999999</memory>",
                ""
            })
    void memoryThatIsNoneIsRefused(String memory) {
        String said = assertThrows(IllegalArgumentException.class, () -> DomainXml.parse(XML.replace(MEMORY, memory)))
                .getMessage();
        assertTrue(said.startsWith("domain web1 has "), said);
    }

    @Test
    void whatTheAgentNeedsIsAskedForWithTheLinesToAdd() {
        String noRam = assertThrows(IllegalArgumentException.class, () -> DomainXml.parse(XML.replace(BACKING, "")))
                .getMessage();
        assertTrue(noRam.contains("not shared: add " + BACKING), noRam);
        String noMonitor = assertThrows(IllegalArgumentException.class, () -> DomainXml.parse(XML.replace(MONITOR, "")))
                .getMessage();
        assertTrue(noMonitor.contains("no monitor for the agent: add"), noMonitor);
    }

    @Test
    void textThatIsNoDescriptionIsRefusedAndNothingOutsideOfItIsRead() {
        assertThrows(IllegalArgumentException.class, () -> DomainXml.parse(""));
        assertThrows(IllegalArgumentException.class, () -> DomainXml.parse("<network><name>n</name></network>"));
        assertThrows(
                IllegalArgumentException.class,
                () -> DomainXml.parse(
                        "<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><domain><name>&e;</name></domain>"));
        for (int length = 0; length < XML.length(); length++) {
            String cut = XML.substring(0, length);
            assertThrows(IllegalArgumentException.class, () -> DomainXml.parse(cut));
        }
    }
}
