package org.secondsite.management.model;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import org.opendaylight.netconf.databind.DatabindContext;
import org.opendaylight.yangtools.yang.common.QName;
import org.opendaylight.yangtools.yang.model.api.ContainerSchemaNode;
import org.opendaylight.yangtools.yang.model.api.DataNodeContainer;
import org.opendaylight.yangtools.yang.model.api.DataSchemaNode;
import org.opendaylight.yangtools.yang.model.api.EffectiveModelContext;
import org.opendaylight.yangtools.yang.model.api.TypedDataSchemaNode;
import org.opendaylight.yangtools.yang.model.api.source.SourceIdentifier;
import org.opendaylight.yangtools.yang.model.spi.source.StringYangTextSource;
import org.opendaylight.yangtools.yang.parser.api.YangParserException;
import org.opendaylight.yangtools.yang.parser.impl.DefaultYangParserFactory;

/** The YANG module of the product (RFC 7950). Reading it takes half a second: it is done once, after the way is safe. */
public final class GatewayModel {
    /** The module's name. */
    public static final String NAME = "secondsite-gateway";
    /** Its revision. */
    public static final String REVISION = "2026-11-30";
    /** Its namespace. */
    public static final String NAMESPACE = "urn:secondsite:gateway";

    private static final String SECRET = "secret";

    private final String source;
    private final DatabindContext databind;
    private final ContainerSchemaNode gateway;
    private final ContainerSchemaNode status;
    private final Set<QName> secrets;

    private GatewayModel(String source, EffectiveModelContext context) {
        this.source = source;
        databind = DatabindContext.ofModel(context);
        gateway = (ContainerSchemaNode) context.dataChildByName(QName.create(NAMESPACE, REVISION, "gateway"));
        status = (ContainerSchemaNode) context.dataChildByName(QName.create(NAMESPACE, REVISION, "status"));
        Set<QName> found = new HashSet<>();
        collectSecrets(gateway, found);
        secrets = Set.copyOf(found);
    }

    /** Reads the module's text. */
    @SuppressWarnings(
            "removal") // The factory that is to replace it needs a framework for injection; this is its only use.
    public static GatewayModel of(String text) {
        try {
            EffectiveModelContext context = new DefaultYangParserFactory()
                    .createParser()
                    .addSource(new StringYangTextSource(new SourceIdentifier(NAME, REVISION), text))
                    .buildEffectiveModel();
            return new GatewayModel(text, context);
        } catch (IOException | YangParserException e) {
            throw new IllegalStateException("the product's own YANG module is not in order", e);
        }
    }

    /** The module as it is published. */
    public String source() {
        return source;
    }

    /** What finds and reads its nodes. */
    public DatabindContext databind() {
        return databind;
    }

    /** The container that has all configuration. */
    public ContainerSchemaNode gateway() {
        return gateway;
    }

    /** The container of what the gateway knows. */
    public ContainerSchemaNode status() {
        return status;
    }

    /** Whether a leaf is never shown. */
    boolean isSecret(QName leaf) {
        return secrets.contains(leaf);
    }

    private static void collectSecrets(DataNodeContainer at, Set<QName> found) {
        for (DataSchemaNode child : at.getChildNodes()) {
            if (child instanceof TypedDataSchemaNode leaf
                    && leaf.getType().getQName().getLocalName().equals(SECRET)) {
                found.add(leaf.getQName());
            } else if (child instanceof DataNodeContainer container) {
                collectSecrets(container, found);
            }
        }
    }
}
