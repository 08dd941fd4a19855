// Package imageset finds the labelled photographs of a data set, wherever and however it was published, and prepares them for training.
//
// Open recognises these layouts, in an unpacked folder or in a .tar, .tgz or .zip archive of one:
//
//	folders   a folder for each class; folders named train, val, test, query, gallery and the like are parts, above or below the classes'
//	cars196   car_ims/ + cars_annos.mat, or cars_train/ and cars_test/ (or one of them) + the devkit's .mat files
//	cub200    CUB-200-2011: images.txt, image_class_labels.txt, classes.txt, images/
//	sop       Stanford Online Products: Ebay_train.txt, Ebay_test.txt
//	inshop    In-Shop Clothes Retrieval: list_eval_partition.txt, img/
//	csv       rows of path,label or path,label,split, or any columns under a header with these names
//
// Metric learning is tested on classes that were never trained on. Where the source has no split, Prepare holds out half of the
// classes that it could read, drawn at random; for Cars196 and CUB-200-2011, whose own splits are of images, the second half, as
// is customary. HoldOut chooses otherwise.
//
// Decode turns one file of about any kind into RGB planes of one size, and Prepare does so with a whole set, on all cores and in bounded memory,
// into a file of package store.
package imageset
