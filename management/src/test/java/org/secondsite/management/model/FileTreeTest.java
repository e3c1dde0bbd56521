package org.secondsite.management.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendaylight.yangtools.yang.common.QName;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier.NodeIdentifier;
import org.opendaylight.yangtools.yang.data.api.schema.ContainerNode;
import org.opendaylight.yangtools.yang.data.api.schema.DataContainerNode;
import org.opendaylight.yangtools.yang.data.api.schema.MapNode;
import org.opendaylight.yangtools.yang.model.api.DataNodeContainer;
import org.opendaylight.yangtools.yang.model.api.DataSchemaNode;
import org.secondsite.config.yaml.Document;
import org.secondsite.config.yaml.GatewayDocument;
import org.secondsite.management.JudgedFile;
import org.secondsite.management.RefusedChange;
import org.secondsite.management.io.YangFile;

class FileTreeTest {
    private static final GatewayModel MODEL = YangFile.model();
    private static final String EVERYTHING = JudgedFile.resource("everything.yaml");
    private static final String OTHERWISE = JudgedFile.resource("otherwise.yaml");

    private final FileTree files = new FileTree(MODEL);

    @ParameterizedTest
    @ValueSource(strings = {"everything.yaml", "otherwise.yaml"})
    void fileSaysTheSameAfterItsWayThroughTheTree(String name) throws RefusedChange {
        String text = JudgedFile.resource(name);
        ContainerNode tree = files.read(text);
        String written = files.write(tree);

        assertEquals(JudgedFile.judged(text), JudgedFile.judged(written));
        assertEquals(tree, files.read(written));
        assertEquals(written, files.write(files.read(written)));
    }

    /** The reader of the file is asked what it knows, so the module can neither lag behind it nor promise what nobody reads. */
    @Test
    void moduleHasTheKeysOfTheFileAndNoOthers() {
        SortedSet<String> keys = new TreeSet<>();
        for (String text : List.of(EVERYTHING, OTHERWISE)) {
            keys.addAll(GatewayDocument.keys(new Document("gateway.yaml", Path.of("/etc"), text)));
        }
        SortedSet<String> nodes = new TreeSet<>();
        collectNodes("", MODEL.gateway(), nodes);
        SortedSet<String> notInTheModule = new TreeSet<>(keys);
        notInTheModule.removeAll(nodes);
        SortedSet<String> notInTheFile = new TreeSet<>(nodes);
        notInTheFile.removeAll(keys);
        assertEquals("[] []", notInTheModule + " " + notInTheFile);
    }

    private static void collectNodes(String path, DataNodeContainer schema, SortedSet<String> nodes) {
        for (DataSchemaNode child : schema.getChildNodes()) {
            String name = Spelling.ofFile(child.getQName().getLocalName());
            if (name.equals("sequence")) {
                continue;
            }
            nodes.add(path + name);
            if (child instanceof DataNodeContainer inner) {
                collectNodes(path + name + ".", inner, nodes);
            }
        }
    }

    /** The sample has every setting of the product; so whatever the product learns has to come into the sample, and into the module. */
    @Test
    void sampleHasEverySettingOfTheProduct() throws Exception {
        List<String> without = new ArrayList<>();
        collectEmpty("", JudgedFile.judged(EVERYTHING), without);
        // What stands there as well as elsewhere is said elsewhere.
        without.removeIf(at -> at.matches("\\.bgp\\.(neighbors\\.extras\\.policies\\.exports|interfaces)\\..*"));
        assertEquals(List.of(), without);
    }

    private static void collectEmpty(String path, Record record, List<String> without) throws Exception {
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            String at = path + "." + component.getName();
            component.getAccessor().setAccessible(true);
            Object value = component.getAccessor().invoke(record);
            if (isEmpty(value)) {
                without.add(at);
            }
            Object inner = value instanceof Optional<?> optional ? optional.orElse(null) : value;
            if (inner instanceof Collection<?> many && !many.isEmpty()) {
                inner = many.iterator().next();
            }
            if (inner instanceof Record settings
                    && settings.getClass().getName().startsWith("org.secondsite.config.")) {
                collectEmpty(at, settings, without);
            }
        }
    }

    private static boolean isEmpty(Object value) {
        return switch (value) {
            case Optional<?> optional -> optional.isEmpty();
            case OptionalInt optional -> optional.isEmpty();
            case OptionalLong optional -> optional.isEmpty();
            case Collection<?> many -> many.isEmpty();
            default -> false;
        };
    }

    /** And the other way round: the module has nothing that the product does not know, as the judge has read the samples. */
    @Test
    void samplesHaveEveryNodeOfTheModule() {
        List<String> without = new ArrayList<>();
        collectMissing("", MODEL.gateway(), List.of(files.read(EVERYTHING), files.read(OTHERWISE)), without);
        // Of lists of rules, and of what two kinds of neighbours have, one is enough.
        without.removeIf(at -> at.matches("/bgp/interfaces/.*|.*/exports/.+"));
        assertEquals(List.of(), without);
    }

    private static void collectMissing(
            String path,
            DataNodeContainer schema,
            Collection<? extends DataContainerNode> nodes,
            List<String> without) {
        for (DataSchemaNode child : schema.getChildNodes()) {
            String at = path + "/" + child.getQName().getLocalName();
            List<Object> found = new ArrayList<>();
            nodes.forEach(node -> Optional.ofNullable(node.childByArg(new NodeIdentifier(child.getQName())))
                    .ifPresent(found::add));
            if (found.isEmpty()) {
                without.add(at);
            } else if (child instanceof DataNodeContainer inner) {
                List<DataContainerNode> below = new ArrayList<>();
                for (Object one : found) {
                    if (one instanceof MapNode map) {
                        below.addAll(map.body());
                    } else {
                        below.add((DataContainerNode) one);
                    }
                }
                collectMissing(at, inner, below, without);
            }
        }
    }

    @Test
    void everyRuleSaysWhatItIsOf() {
        MODEL.gateway()
                .getChildNodes()
                .forEach(child -> assertTrue(child.getDescription().isPresent(), child.getQName()::toString));
    }

    @Test
    void whatTheModuleDoesNotKnowIsNamedWithItsPlace() {
        IllegalArgumentException unknown =
                assertThrows(IllegalArgumentException.class, () -> files.read("tunnel: {listen: x, heart: 4}"));
        assertTrue(unknown.getMessage().startsWith("tunnel."), unknown.getMessage());
        IllegalArgumentException wrong =
                assertThrows(IllegalArgumentException.class, () -> files.read("tunnel: {heartbeatMs: soon}"));
        assertTrue(wrong.getMessage().startsWith("tunnel.heartbeatMs: 'soon'"), wrong.getMessage());
    }

    @Test
    void secretsAreMaskedAndComeBack() {
        Secrets secrets = new Secrets(MODEL);
        ContainerNode tree = files.read(EVERYTHING);
        ContainerNode masked = secrets.masked(tree);

        assertFalse(masked.prettyTree().toString().contains("hush"));
        assertEquals(tree, secrets.restored(masked, tree));
        ContainerNode without = files.read(EVERYTHING.replaceFirst(" *password: hush\n", ""));
        assertThrows(IllegalArgumentException.class, () -> secrets.restored(masked, without));
    }

    @Test
    void spellingGoesBothWays() {
        for (String key :
                List.of("site", "heartbeatMs", "maxInFlightMiB", "perVmMiB", "insideMac", "localAs", "routerId")) {
            assertEquals(key, Spelling.ofFile(Spelling.ofYang(key)));
        }
        assertEquals("max-in-flight-mib", Spelling.ofYang("maxInFlightMiB"));
        assertEquals(
                QName.create(GatewayModel.NAMESPACE, GatewayModel.REVISION, "gateway"),
                MODEL.gateway().getQName());
    }
}
