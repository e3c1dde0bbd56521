package org.secondsite.management.netconf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import javax.xml.transform.dom.DOMSource;
import org.opendaylight.yangtools.yang.data.api.schema.ContainerNode;
import org.opendaylight.yangtools.yang.data.api.schema.stream.NormalizedNodeWriter;
import org.opendaylight.yangtools.yang.data.codec.xml.XMLStreamNormalizedNodeStreamWriter;
import org.opendaylight.yangtools.yang.data.codec.xml.XmlParserStream;
import org.opendaylight.yangtools.yang.data.impl.schema.ImmutableNormalizedNodeStreamWriter;
import org.opendaylight.yangtools.yang.data.impl.schema.NormalizationResultHolder;
import org.opendaylight.yangtools.yang.model.util.SchemaInferenceStack;
import org.secondsite.management.model.GatewayModel;
import org.secondsite.management.netconf.RpcException.Tag;
import org.w3c.dom.Element;

/** YANG data as XML (RFC 7950), and back. */
final class Tree {
    private final GatewayModel model;

    Tree(GatewayModel model) {
        this.model = model;
    }

    /** The element of the gateway; nobody else has it. */
    Element written(ContainerNode gateway) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try {
            XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(text, "UTF-8");
            try (NormalizedNodeWriter nodes =
                    NormalizedNodeWriter.forStreamWriter(XMLStreamNormalizedNodeStreamWriter.create(
                            xml, model.databind().modelContext()))) {
                nodes.write(gateway);
            }
            return Xml.parsed(text.toByteArray());
        } catch (XMLStreamException | IOException | RpcException e) {
            throw new IllegalStateException("data of the module can be written", e);
        }
    }

    /**
     * The data of an element.
     *
     * @throws RpcException if they have not the module's shape
     */
    ContainerNode read(Element gateway) throws RpcException {
        NormalizationResultHolder result = new NormalizationResultHolder();
        SchemaInferenceStack at = SchemaInferenceStack.of(model.databind().modelContext());
        at.enterDataTree(model.gateway().getQName());
        try (XmlParserStream parser = XmlParserStream.create(
                ImmutableNormalizedNodeStreamWriter.from(result),
                model.databind().xmlCodecs(),
                at.toInference())) {
            parser.traverse(new DOMSource(gateway));
        } catch (XMLStreamException | IOException | RuntimeException e) {
            throw RpcException.at(
                    Tag.INVALID_VALUE, "/g:gateway", "this is not of the module's shape: " + e.getMessage());
        }
        return (ContainerNode) result.getResult().data();
    }
}
