"""What tests ask of the real QGIS: run by the Python that has it, told a task and telling in JSON.

QGIS goes on loading after it is told to stop, so the process ends without clearing up.
"""

import json
import os
import sys

from PyQt5.QtCore import QEventLoop, QSize
from qgis.core import (
    NULL,
    QgsApplication,
    QgsFeatureRequest,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsNetworkAccessManager,
    QgsProject,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)


def features(uri, *, provider="OAPIF", subset="", box=None):
    """The features of a layer that a filter lets pass, in a box."""
    layer = QgsVectorLayer(uri, "one", provider)
    if subset:
        assert layer.setSubsetString(subset)
    asked = QgsFeatureRequest()
    if box:
        asked.setFilterRect(QgsRectangle(*box))
    found = [
        {
            "properties": dict(zip(layer.fields().names(), map(_plain, one), strict=True)),
            "wkt": one.geometry().asWkt(10),
        }
        for one in layer.getFeatures(asked)
    ]
    return {
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "fields": {one.name(): one.typeName() for one in layer.fields()},
        "editable": layer.isEditable() or layer.startEditing(),
        "features": found,
    }


def _plain(value):
    if value == NULL:
        return None
    return value.toString("yyyy-MM-dd") if hasattr(value, "toString") else value


def tiles(uri):
    """A layer of vector tiles, drawn by the style that its address names."""
    layer = QgsVectorTileLayer(uri, "tiles")
    wrong, loaded = layer.loadDefaultStyle()
    styles = [[one.styleName(), one.layerName()] for one in layer.renderer().styles()]
    return {"valid": layer.isValid(), "wrong": wrong, "loaded": loaded, "styles": styles}


def style(path, uri):
    """A style laid on a layer that somebody made."""
    layer = QgsVectorLayer(uri, "own", "OAPIF")
    told, loaded = layer.loadNamedStyle(path)
    return {"told": told, "loaded": loaded, **_drawn_by(layer)}


def _drawn_by(layer):
    return {
        "renderer": layer.renderer().type(),
        "labels": layer.labelsEnabled(),
        "legend": [one.label() for one in layer.renderer().legendSymbolItems()],
        "fields": {one.name(): one.displayName() for one in layer.fields()},
        "words": {
            one.name(): _words(layer, number) for number, one in enumerate(layer.fields())
        },
    }  # fmt: skip


def _words(layer, number):
    pairs = layer.editorWidgetSetup(number).config().get("map", [])
    return {value: label for pair in pairs for label, value in pair.items()}


def project(path):
    """The layers of a project, from the top down."""
    read = QgsProject.instance()
    assert read.read(path), read.error()
    return {
        "crs": read.crs().authid(),
        "title": read.title(),
        "layers": {
            one.name(): {
                "valid": one.isValid(), "crs": one.crs().authid(),
                "from": one.minimumScale() if one.hasScaleBasedVisibility() else None,
                **(_drawn_by(one) if isinstance(one, QgsVectorLayer) else {}),
            }
            for one in read.layerTreeRoot().layerOrder()
        },
    }  # fmt: skip


def draw(path, picture, *, wide=1200, high=800, zoom=1.0):
    """A project drawn into a picture as it is first seen, or closer by `zoom`; which colours there
    are, and at which scale it is."""
    read = QgsProject.instance()
    assert read.read(path), read.error()
    seen = QgsReferencedRectangle(read.viewSettings().defaultViewExtent())
    seen.scale(1 / zoom)
    told = QgsMapSettings()
    told.setDestinationCrs(read.crs())
    told.setTransformContext(read.transformContext())
    told.setLayers(read.layerTreeRoot().layerOrder())
    told.setBackgroundColor(read.backgroundColor())
    told.setOutputSize(QSize(wide, high))
    told.setOutputDpi(96)
    told.setExtent(seen)
    told.setFlag(QgsMapSettings.Antialiasing, True)
    job, loop = QgsMapRendererParallelJob(told), QEventLoop()
    job.finished.connect(loop.quit)
    job.start()
    loop.exec_()
    image = job.renderedImage()
    image.save(picture)
    places = ((x, y) for x in range(0, wide, 3) for y in range(0, high, 3))
    colours = {image.pixelColor(x, y).name() for x, y in places}
    return {
        "scale": told.scale(), "colours": sorted(colours),
        "wrong": [one.message for one in job.errors()],
    }  # fmt: skip


def main():
    """Do the task that stands on the input."""
    task = json.loads(sys.stdin.read())
    application = QgsApplication([], True)
    application.initQgis()
    log = []
    QgsApplication.messageLog().messageReceived.connect(
        lambda text, tag, _: log.append([tag, text])
    )
    if token := task.pop("token", None):
        header = f"Bearer {token}".encode()
        QgsNetworkAccessManager.setRequestPreprocessor(
            lambda request: request.setRawHeader(b"Authorization", header)
        )
    told = globals()[task.pop("do")](*task.pop("of"), **task)
    print(json.dumps({**told, "log": log}), flush=True)
    os._exit(0)


main()
