package org.secondsite.config.yaml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;

class VmTickTest {
    private static final String TEXT = """
            # 𝄞 whoever edits this
            site: a
            groups:
              - name: web   # the shop
                vms: [{name: vm1, protected: true, mac: "52:54:00:c0:10:01"}, {name: vm2}]
              - name: db
                vms:
                  - name: vm3   # primary
                    mac: "52:54:00:c0:10:03"
                  - mac: "52:54:00:c0:10:04"
                    protected: no-matter
                    name: vm4
            """;

    private static VmTick of(String vm) {
        return new VmTick(TEXT, Optional.empty(), new VmId(vm));
    }

    @Test
    void nothingButTheTickChanges() {
        assertEquals(
                TEXT.replace("protected: true", "protected: false"), of("vm1").unticked());
        assertEquals(TEXT, of("vm1").ticked());
        assertEquals(
                TEXT.replace("{name: vm2}", "{protected: false, name: vm2}"),
                of("vm2").unticked());
        assertEquals(TEXT, of("vm2").ticked(), "a VM is ticked that says nothing of it");
        assertEquals(
                TEXT.replace("- name: vm3", "- protected: false\n        name: vm3"),
                of("vm3").unticked());
        assertEquals(TEXT.replace("no-matter", "true"), of("vm4").ticked());
    }

    @Test
    void aVmThatIsNotThereIsNamed() {
        String missing =
                assertThrows(IllegalArgumentException.class, of("vm9")::ticked).getMessage();
        assertTrue(missing.contains("no VM 'vm9'"), missing);
        VmTick elsewhere = new VmTick(TEXT, Optional.of(new GroupId("web")), new VmId("vm3"));
        String other =
                assertThrows(IllegalArgumentException.class, elsewhere::ticked).getMessage();
        assertTrue(other.contains("no VM 'vm3' in group 'web'"), other);
        assertEquals(TEXT, new VmTick(TEXT, Optional.of(new GroupId("db")), new VmId("vm3")).ticked());
    }
}
